/*
 * limits -- every cap in the program: name, value, unit, reason, clause.
 *
 * No other file holds a cap.  A number here is part of what a reader may rely on: lowering one
 * can make an old channel unreadable, raising one can make an old reader refuse a new channel.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* ---- the log (FORMATS.md; C2SP signed-note, tlog-checkpoint, tlog-tiles) ---- */
#define LIMIT_ENTRY_BYTES 160  /* bytes of an entry line with its LF (FORMATS "Log, entry") */
#define LIMIT_NOTE_BYTES 65536 /* bytes of any signed note we read (log.md 2.8: 64 KiB) */
#define LIMIT_NOTE_SIGNATURES 100 /* lines; Go's note.Open stops there too */
#define LIMIT_NOTE_NAME_BYTES 255 /* bytes of a signer's name (tlog-cosignature name<1..255>) */
#define LIMIT_PROOF_BYTES                                                                      \
    (160u << 10) /* bytes of a .tlog-proof: LIMIT_DOCUMENT_BYTES in base64 and a whole note */
#define LIMIT_POLICY_BYTES 262144 /* bytes of a tlog-policy: 32 ML-DSA keys need 60 KB */
#define LIMIT_POLICY_LOGS 64      /* log lines of a policy; tlog-policy asks for 32 at least */
#define LIMIT_POLICY_WITNESSES 64 /* witness lines, likewise */
#define LIMIT_POLICY_GROUPS 64    /* group lines, likewise */
#define LIMIT_LOG_SIZE (UINT64_C(1) << 40) /* entries; 10^12 is far beyond one person's life */

/* ---- identity (FORMATS "Identity note") ---- */
#define LIMIT_IDENTITY_BYTES 16384       /* bytes of the note's text */
#define LIMIT_IDENTITY_KEYS 32           /* key lines */
#define LIMIT_IDENTITY_NOTES 1000        /* rotations in one channel's life */
#define LIMIT_IDENTITY_ARENA (64u << 10) /* bytes; a note's keys and lines */
#define LIMIT_NAME_BYTES 120             /* bytes of a channel's name */
#define LIMIT_STAMP_BYTES (256u << 10)   /* bytes of a file in ts/: a token and its chain */

/* ---- documents (FORMATS "Document") ---- */
#define LIMIT_DOCUMENT_BYTES 65536      /* bytes of one document */
#define LIMIT_DOCUMENT_DEPTH 6          /* nesting of arrays and objects */
#define LIMIT_WORDS_BYTES 8192          /* bytes of all words of one document */
#define LIMIT_STATUS_BYTES 200          /* bytes of a status in the witness's own words */
#define LIMIT_PLACE_BYTES 200           /* bytes of one name of a place */
#define LIMIT_REASON_BYTES 1000         /* bytes of the reason of a withdrawal */
#define LIMIT_LANG_BYTES 35             /* bytes of a BCP 47 tag (RFC 5646 4.4.1) */
#define LIMIT_BLOBS 16                  /* files of one dispatch */
#define LIMIT_CLIPS 8                   /* clips of one dispatch: each brings a poster */
#define LIMIT_JSON_VALUES 20000         /* values in one JSON text; bounds the arena */
#define LIMIT_JSON_DEPTH 63             /* nesting of any JSON text; bits of a uint64_t */
#define LIMIT_DOCUMENT_ARENA (8u << 20) /* bytes; a document's values and its struct */
#define LIMIT_REMOVED 32                /* kinds named in removed[] */
#define LIMIT_SEEN 4                    /* foreign checkpoints in seen[] (FORMATS "Document") */
#define LIMIT_TOKEN_BYTES 64            /* bytes of a role, kind, mime type, zone */

/* ---- media (safety.md 2.6), all before any decoder is started ---- */
#define LIMIT_CLIP_BYTES (UINT64_C(4) << 30) /* bytes: 4 GiB, FAT32's file and stco's reach */
#define LIMIT_CLIP_SECONDS (3 * 3600)        /* 3 h: the longest clip that a phone page plays */
#define LIMIT_MOOV_BYTES (24u << 20) /* bytes; 3 h at 60 fps with audio need about 16 MiB */
#define LIMIT_BOX_DEPTH 16           /* nested boxes */
#define LIMIT_BOXES 200000           /* boxes visited in one file: 3 h in fragments of 1 s */
#define LIMIT_FRAGMENTS 20000        /* moofs in one file, likewise */
#define LIMIT_CLIP_ARENA (1u << 20)  /* bytes; the tracks of one clip, without their tables */
#define LIMIT_TRACKS 16              /* traks in a moov: phones write up to 8 */
#define LIMIT_SAMPLES 3000000        /* samples of one track: 3 h at 240 fps and AAC */
#define LIMIT_PIXELS (4096 * 2304)   /* luma pixels of a frame: 4K of any phone */
#define LIMIT_FRAMES_PER_SECOND                                                                \
    250                           /* slow motion of phones: 240, and what their clocks drift */
#define LIMIT_PIXEL_ASPECT 65536  /* hSpacing, vSpacing of a pixel (14496-12 12.1.4) */
#define LIMIT_APERTURE_PARTS 1000 /* denominator in clap: phones write 1 (14496-12 12.1.4) */
#define LIMIT_SHOWN_EDGE 16384    /* pixels of an edge in tkhd; beyond, it says nothing */
#define LIMIT_EDITS 256           /* rows of an edit list: phones write 1 to 3 */
#define LIMIT_SAMPLE_ENTRIES 4    /* descriptions in one stsd: phones write 1 */
#define LIMIT_CODEC_CONFIG_BYTES 8192 /* bytes of an avcC or hvcC: phones write < 300 */
#define LIMIT_AUDIO_CONFIG_BYTES 64   /* bytes of an AudioSpecificConfig: phones write 2 to 5 */
#define LIMIT_LEAKS 150     /* values told about one clip; they must fit LIMIT_REPORT_BYTES */
#define LIMIT_LEAKS_EACH 12 /* of one kind, so that a flood of one hides no other */
#define LIMIT_LEAKS_WINDOW (64u << 10) /* bytes looked at in one box or sample of a clip */
#define LIMIT_LEAKS_READ (4u << 20)    /* bytes looked at behind moov, in all */
#define LIMIT_SAMPLE_CHANGES 2000000   /* in one track: 3 h at 60 fps, three in each picture */
#define LIMIT_SAMPLE_OWN_BYTES                                                                 \
    (32u << 20)               /* bytes of ours in samples of one track: 30 in each of 10^6 */
#define LIMIT_SEI_BYTES 16384 /* bytes of an SEI unit that we look into; larger ones go whole */
#define LIMIT_POSTER_BYTES                                                                     \
    (256u << 10)              /* bytes of a poster JPEG that we accept from the cage */
#define LIMIT_POSTER_EDGE 640 /* pixels of a poster's longer edge */
#define LIMIT_CODED_EDGE 1920 /* pixels of the longer edge of what is coded anew: full HD */

/* ---- content credentials (C2PA 2.2) ---- */
#define LIMIT_CBOR_DEPTH 32      /* nested arrays, maps and tags: real claims go to 8 */
#define LIMIT_CBOR_VALUES 200000 /* of one CBOR item: a row of 10^5 hashes and more */
#define LIMIT_CBOR_NAMES 256     /* of one map: real ones have some twenty */
#define LIMIT_JUMBF_DEPTH 32     /* boxes inside of each other: stores go to 5 */
#define LIMIT_JUMBF_BOXES 20000  /* of one store: 100 manifests of 20 assertions have 5000 */
#define LIMIT_C2PA_STORE_BYTES (16u << 20) /* bytes of a store, and of all unpacked manifests */
#define LIMIT_C2PA_MANIFESTS 1000  /* of one store: one for each edit in a file's life */
#define LIMIT_C2PA_ASSERTIONS 1000 /* of one manifest, and references in one claim */
#define LIMIT_C2PA_CHAIN 16        /* certificates of one signature: real ones have 2 to 4 */
#define LIMIT_C2PA_TOKENS 8        /* time stamps, and OCSP replies, of one signature: 1 */
#define LIMIT_C2PA_HASHED                                                                      \
    (UINT64_C(512) << 20) /* bytes hashed for all references of one store: 32 times its most */
#define LIMIT_C2PA_STEPS                                                                       \
    (UINT64_C(1) << 28) /* to follow references of one store: 1000 manifests take a fifth */
#define LIMIT_C2PA_HEARD                                                                       \
    (UINT64_C(32) << 20) /* bytes of OCSP replies for others than their own signature */
#define LIMIT_C2PA_ARENA                                                                       \
    (96u << 20) /* bytes; a store of the greatest size, what it says, and the report */
#define LIMIT_C2PA_TEXT 400            /* bytes of one text of a report */
#define LIMIT_C2PA_STATUSES 4000       /* status codes of one report */
#define LIMIT_C2PA_ITEMS 500           /* actions, or ingredients, of one manifest */
#define LIMIT_C2PA_WINDOW (256u << 10) /* bytes of content in memory at once: a level-2 cache */
#define LIMIT_C2PA_EXCLUSIONS 64 /* entries of one list, bits of a uint64_t: real ones 24 */
#define LIMIT_C2PA_SUBSETS 4096  /* runs in one list: real ones have 8 */
#define LIMIT_C2PA_SPANS 200000  /* runs left out of one box at the root */
#define LIMIT_C2PA_MATCHED                                                                     \
    (UINT64_C(256) << 20)    /* bytes compared for the data of exclusions, of one file */
#define LIMIT_C2PA_TREES 256 /* of one assertion: tracks of a set, or mdats */
#define LIMIT_C2PA_PROOF_BYTES (16u << 10) /* bytes of a merkle box: 20 hashes have 1400 */
#define LIMIT_C2PA_PROOF_ARENA (8u << 20)  /* bytes of its structs */
#define LIMIT_C2PA_LEAVES (1u << 20) /* leaves of one tree: 1 TB in blocks of 1 MiB; 32 MiB */
#define LIMIT_C2PA_RANGES 4096       /* runs of bytes explained */
#define LIMIT_C2PA_REPORT (4u << 20) /* bytes of a report in a pipe */
#define LIMIT_ROOM_BYTES                                                                       \
    (LIMIT_C2PA_STORE_BYTES + (1u << 20)) /* bytes of the box of ours in a new clip */
#define LIMIT_CLAIM_BYTES 4096         /* bytes of a claim that we sign: ours have some 700 */
#define LIMIT_CLAIM_ARENA (256u << 10) /* bytes of its values */
#define LIMIT_STORE_LABEL 512          /* bytes of a label in it: real ones have 54 */
#define LIMIT_WRITE_TREES 16  /* mdat boxes that get a tree each; with more: a flat hash */
#define LIMIT_WRITE_STAMPED 8 /* manifests that one update brings time stamps of: real ones 1 */
#define LIMIT_FLAT_BYTES                                                                       \
    (UINT64_C(4) << 30) /* bytes of a file hashed as one; larger ones in trees */
#define LIMIT_READ_BACK_BYTES                                                                  \
    (UINT64_C(256) << 20) /* bytes of a signed file that are hashed a second time: 0.2 s */
#define LIMIT_SPLICE_BYTES (UINT64_C(64) << 30) /* bytes of a file that `sign` copies */
#define LIMIT_C2PA_DUMP (32u << 20)             /* bytes of a store as JSON */
#define LIMIT_CREDIT_TRUST (4u << 20)           /* bytes of one file of anchors: 1000 of 4 KB */
#define LIMIT_CREDIT_PIECES 240        /* fragments of one recording in one verification */
#define LIMIT_CREDIT_EACH 12           /* findings of one id, so that a flood hides no other */
#define LIMIT_CREDIT_NAMED 64          /* entries of a channel with files of the same sizes */
#define LIMIT_CREDIT_GONE 8            /* withdrawn entries that are told one by one */
#define LIMIT_CREDIT_SHARE (16u << 20) /* bytes of a file from which on two processes pay */

/* ---- people ---- */
#define LIMIT_TIMELINE 20 /* dispatches on one timeline page (issue: 20 a page) */
#define LIMIT_FEED 30     /* dispatches in a feed: a month of daily words */
#define LIMIT_FEED_BYTES                                                                       \
    (4u << 20)              /* bytes of a feed: LIMIT_FEED x words, each byte escaped twice */
#define LIMIT_PATH_BYTES 80 /* characters of a public path (FORMATS "Public tree") */
#define LIMIT_PAGE_BYTES (512u << 10) /* bytes of one HTML page that we render */
#define LIMIT_SHEET_BYTES 16384       /* bytes of a recovery sheet, its drawn QR code too */

/* ---- files and folders of a channel ---- */
#define LIMIT_HOME_BYTES 3072      /* bytes of HOME's path with its NUL; PATH_MAX is 4096 */
#define LIMIT_TREE_DEPTH 16        /* folders inside of each other that we walk: ours go to 7 */
#define LIMIT_NAME_CHARS 256       /* bytes of a file name with its NUL (Linux NAME_MAX + 1) */
#define LIMIT_SETTINGS_BYTES 4096  /* bytes of private/settings: four values at their longest */
#define LIMIT_DUE_EVERY_S 15       /* between two looks for what is due */
#define LIMIT_SLOT_LATE_S 120      /* a slot may be taken so late; later it is missed */
#define LIMIT_SLOT_CHANCE_MS 15000 /* each is taken at a moment of chance within these */
#define LIMIT_COVERS_MIN_S 60      /* between two slots */
#define LIMIT_COVERS_MAX_S 604800
#define LIMIT_WAITING 10000           /* dispatches that wait for a slot */
#define LIMIT_BATCH_BYTES (64u << 20) /* of a batch of dispatches, and of its documents */
#define LIMIT_BATCH_ARENA (256u << 20)
#define LIMIT_APPENDS 10000    /* entries of one commit */
#define LIMIT_BATCH_FILES 48   /* open files of one batch of writes; 256 is a common limit */
#define LIMIT_WAL_PAGES 128    /* pages of the write-ahead log before it is folded in: 0.5 MB */
#define LIMIT_DB_WAIT_MS 10000 /* milliseconds that SQLite waits for another process */

/* ---- processes ---- */
#define LIMIT_REPORT_BYTES (64u << 10) /* bytes that a caged child may report */
#define LIMIT_LOCK_WAIT_S 60           /* seconds that a second poster waits for the first */
#define LIMIT_LOOK_WAIT_S 5            /* seconds that a reading command waits for a poster */
#define LIMIT_CAGE_CPU_S 600           /* CPU seconds of one caged child */
#define LIMIT_CAGE_WAIT_S 3600 /* wall seconds of one caged child: 4 GiB from a slow stick */
#define LIMIT_CAGE_FILES 64    /* descriptors of a caged process */
#define LIMIT_CAGE_KEEP 256    /* descriptors that may be handed into a cage */
#define LIMIT_READER_MEMORY (UINT64_C(256) << 20) /* bytes of address space, program included */
#define LIMIT_MEDIA_MEMORY (UINT64_C(1) << 30) /* bytes: 17 frames of 4K in 10 bit are 480 MB */
#define LIMIT_MEDIA_WAIT_S 60                  /* wall seconds for one poster */
#define LIMIT_TRANSCODE_MEMORY                                                                 \
    (UINT64_C(2) << 30) /* bytes: a decoder of 4K and an encoder of full HD, libraries too */
#define LIMIT_TRANSCODE_CPU_S 600 /* CPU seconds, and one more for each */
#define LIMIT_TRANSCODE_CPU_BYTES                                                              \
    4096 /* bytes of the clip: phones write 100,000 a second and more, 2 s of work at 4K */
#define LIMIT_TRANSCODE_WAIT_S (24 * 3600) /* wall seconds: 3 h of 4K on a small machine */
#define LIMIT_SIGNER_WAIT_S 20             /* wall seconds for one signature */
#define LIMIT_LOG_LINE_BYTES 400 /* bytes of a log line; one write of it is not torn */

/* ---- verification ---- */
#define LIMIT_FINDINGS 256 /* findings that a report keeps; it must fit LIMIT_REPORT_BYTES */
#define LIMIT_FINDINGS_EACH 16          /* of one id, so that a flood of one hides no other */
#define LIMIT_VERIFY_ENTRIES (1u << 24) /* entries; one byte of memory each */
#define LIMIT_VERIFY_WITHDRAWALS (1u << 19) /* of one channel; 16 bytes of memory each */
#define LIMIT_VERIFY_OPENINGS (1u << 17)    /* of one channel; 48 bytes of memory each */
#define LIMIT_AUDIT_ITEMS (1u << 18) /* told by one process of an audit; 160 bytes each */
#define LIMIT_AUDIT_READERS                                                                    \
    4 /* processes that read files at once: more than disks keep up with */
#define LIMIT_CERTIFICATE_BYTES 16384 /* bytes of a certificate in PEM */

/* ---- addresses and outgoing requests ---- */
#define LIMIT_HOST_BYTES 253      /* characters of a host name (RFC 1035 2.3.4) */
#define LIMIT_URL_BYTES 2000      /* bytes of an address; longer ones break in clients */
#define LIMIT_VALIDATOR_BYTES 128 /* bytes of an ETag or Last-Modified that we send back */
#define LIMIT_REDIRECTS 5         /* of one request (Fetch says 20; ours are plain files) */
#define LIMIT_FETCHES 16          /* requests under way at once */
#define LIMIT_FETCH_BYTES (UINT64_C(16) << 20) /* bytes of one answer's body, held in memory */
#define LIMIT_FETCH_ASK_BYTES (2u << 20)       /* bytes of one request with what it sends */
#define LIMIT_FETCH_HEADERS_BYTES 4096         /* bytes of headers of one request */
#define LIMIT_FETCH_ANSWER_HEADERS (64u << 10) /* bytes of headers that a server may send */
#define LIMIT_FETCH_DEADLINE_MS 600000         /* milliseconds; longer ones are cut to it */
#define LIMIT_FETCH_START_MS 15000 /* milliseconds until the program is ready for requests */
#define LIMIT_FETCH_LATE_MS 15000  /* behind a deadline, until the program counts as hanging */
#define LIMIT_FETCH_MEMORY                                                                     \
    (UINT64_C(768) << 20)     /* bytes of address space, libraries included */
#define LIMIT_FETCH_FILES 384 /* descriptors: kept connections and those under way */
#define LIMIT_FETCH_KEPT 288  /* connections kept for the next poll: LIMIT_SOURCES and more */
#define LIMIT_RECIPIENTS 32   /* of one mail */
#define LIMIT_MAIL_ADDRESS_BYTES 254 /* bytes of one (RFC 5321 4.5.3.1.3) */
#define LIMIT_ALLOWED_HOSTS 64       /* --allow-host, of one process */
#define LIMIT_LOOKUP_ADDRESSES 32    /* of one name: with more it is not used */
#define LIMIT_LOOKUP_NAMES 288       /* names remembered: LIMIT_SOURCES and more */
#define LIMIT_LOOKUP_KEEP_MS 300000  /* milliseconds that a name's addresses are remembered */
#define LIMIT_TRUST_BYTES (1u << 20) /* bytes of a PEM file of --trust */

/* ---- promises and watching ---- */
#define LIMIT_EVERY_S (UINT64_C(400) * 86400) /* seconds of `promise every`: a year and more */
#define LIMIT_EVERY_LEAST_S 3600 /* seconds: more often nobody keeps, and alarms wear off */
#define LIMIT_SILENT_S                                                                         \
    (UINT64_C(7) * 86400)       /* seconds that `silent until` reaches (safety.md 2.3) */
#define LIMIT_FOLLOW_TRAIL 1024 /* roots remembered of one copy; 32 KiB */
#define LIMIT_FOLLOW_WORDS 64   /* newest words remembered, for when some are withdrawn */
#define LIMIT_FOLLOW_BYTES (96u << 10)   /* bytes of a struct follow in the database */
#define LIMIT_CONTACTS 32                /* people in a contacts file; bits of a mask of 64 */
#define LIMIT_WAYS 8                     /* ways to reach one of them */
#define LIMIT_CONTACTS_BYTES (64u << 10) /* bytes of a contacts file */
#define LIMIT_CONTACTS_ARENA (1u << 20)  /* bytes; what a contacts file says, and its secrets */
#define LIMIT_TELL_WAIT_MS                                                                     \
    60000 /* ms of one attempt: a mail server may greet late on purpose */
#define LIMIT_TELL_SECRET_BYTES 512    /* bytes of a token, key or password */
#define LIMIT_TELL_SUBJECT_BYTES 250   /* bytes of a subject (ntfy: a title has 250) */
#define LIMIT_TELL_BODY_BYTES 16384    /* bytes of a message: LIMIT_WORDS_BYTES and its frame */
#define LIMIT_TELL_NTFY_BYTES 4000     /* bytes of a body; beyond 4096 ntfy makes it a file */
#define LIMIT_TELL_TELEGRAM_BYTES 4000 /* bytes of a text; sendMessage takes 4096 characters */
#define LIMIT_TELL_WECOM_BYTES 2048    /* bytes of a text (document 91770) */
#define LIMIT_TELL_ANSWER_BYTES (256u << 10) /* bytes of an answer that we look at */
#define LIMIT_SOURCES 256                    /* copies watched by one process */
#define LIMIT_WATCH_READERS 4                /* copies that are read at once */
#define LIMIT_WATCH_SENDERS 4                /* messages that are sent at once */
#define LIMIT_WATCH_ASK_MS 20000             /* milliseconds for one small file of a copy */
#define LIMIT_WATCH_READ_S 60    /* wall seconds for reading what is new of a copy */
#define LIMIT_WATCH_WAY_MS 30000 /* milliseconds for one way */
#define LIMIT_WATCH_SEND_S                                                                     \
    (LIMIT_WAYS * 36) /* wall seconds for one message when each of its ways hangs */
#define LIMIT_WATCH_READ_BYTES (UINT64_C(128) << 20) /* bytes at one look: 10^6 entries */
#define LIMIT_WATCH_RESULT_BYTES (512u << 10)        /* bytes of a child's result */
#define LIMIT_WATCH_EVIDENCE 64                      /* notes kept of copies that are at odds */
#define LIMIT_WATCH_LEDGER 20000                     /* attempts kept */

/* ---- requests that the web server hands on (SCGI) ---- */
#define LIMIT_SCGI_BYTES (48 << 10)    /* bytes of a head: nginx holds 32 KiB of a client's */
#define LIMIT_SCGI_PAIRS 64            /* fields of a head; our configuration sends 10 */
#define LIMIT_FRONT_BODY_BYTES 64      /* bytes of a body: a form with one button sends 6 */
#define LIMIT_FRONT_ANSWER_BYTES 16384 /* bytes of a page with one button */
#define LIMIT_FRONT_CONNECTIONS 32     /* requests under way at once; more wait in the queue */
#define LIMIT_FRONT_WAIT_S 10          /* wall seconds of one request, in and out */
#define LIMIT_FRONT_MEMORY (UINT64_C(128) << 20) /* bytes of address space, SQLite included */
#define LIMIT_COSIGN_BODY_BYTES (LIMIT_NOTE_BYTES + 4096) /* 63 proof lines and a checkpoint */
#define LIMIT_COSIGN_LOGS 1000                            /* lines of private/cosign/logs */
#define LIMIT_COSIGN_CONFIG_BYTES (1 << 20)               /* bytes of that file */
#define LIMIT_COSIGN_EVERY_S 600 /* seconds between two looks at identity chains */
#define LIMIT_COSIGN_WAIT_S 60   /* wall seconds of one such look */
#define LIMIT_FRONT_STARTS_S 5   /* seconds between two starts of a front that ended */

/* ---- the web server's child ---- */
#define LIMIT_SERVE_CONFIG_BYTES (32u << 10) /* bytes of its configuration */
#define LIMIT_SERVE_CONNECTIONS 4096 /* at once, of one worker: about 1 MiB of memory idle */
#define LIMIT_SERVE_FILES 16384      /* descriptors: two for each connection of each worker */
#define LIMIT_SERVE_START_S 15       /* wall seconds until it must be ready */
#define LIMIT_SERVE_STOP_S 5         /* wall seconds that it has to end */

/* ---- foreign signatures and time stamps ---- */
#define LIMIT_RSA_LEAST_BITS 2048 /* bits of a modulus: C2PA 13.2.1 takes none below */
#define LIMIT_RSA_BITS 16384      /* bits: beyond it one check takes longer than a second */
#define LIMIT_KEY_PEM_BYTES 65536 /* bytes of a private key: RSA of 16384 bits has 13 KB */
#define LIMIT_STAMP_READ_S 10     /* wall seconds for reading what such a server answered */
#define LIMIT_STAMP_CERTS 16      /* certificates in one time stamp: real ones bring 2 to 4 */
#define LIMIT_STAMP_WAIT_MS 60000 /* ms that a server has to give a time stamp */
#define LIMIT_STAMP_ROOM 16384    /* bytes left for one in a file: real ones have 2 to 8 KB */

/* ---- certificates of others (RFC 5280) ---- */
#define LIMIT_X509_BYTES (64u << 10)  /* bytes of one certificate; today's have 1 to 3 KB */
#define LIMIT_X509_EXTENSIONS 64      /* extensions of one certificate */
#define LIMIT_X509_LIST 4096          /* certificates, hashes and uses that a reader trusts */
#define LIMIT_X509_PATH 8             /* certificates from a leaf to an anchor, both counted */
#define LIMIT_X509_CHECKS 32          /* signatures tried for one leaf */
#define LIMIT_X509_NAME_TEXT 512      /* bytes of a name as people read it */
#define LIMIT_OCSP_BYTES (256u << 10) /* bytes of an OCSP reply with its certificates */
#define LIMIT_OCSP_CERTS 8            /* certificates of a reply that we look at */

/* ---- age files (C2SP age v1) ---- */
#define LIMIT_AGE_HEADER_BYTES 65536 /* bytes of a header that we parse */
#define LIMIT_AGE_STANZAS 64         /* recipients of one file */
#define LIMIT_AGE_WORK_FACTOR                                                                  \
    18 /* log2 of scrypt's N that we follow: what age itself writes, 256 MiB and a second */
#define LIMIT_TAR_BYTES                                                                        \
    ((UINT64_C(1) << 33) - 1) /* bytes of one file in a backup: 11 octal digits (ustar) */
#define LIMIT_TAR_TIME_S                                                                       \
    ((UINT64_C(1) << 33) - 1) /* modification time in a backup, likewise: the year 2242 */

#endif
