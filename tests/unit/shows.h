/*
 * Tests that show a predicate of C2PA name it: SHOWS("PRED-ASSE-025", f) in the table of tests.
 * tests/credentials/test-predicates collects the names of those that ran (docs/credentials.md).
 */
#ifndef TESTS_UNIT_SHOWS_H
#define TESTS_UNIT_SHOWS_H

#define SHOWS(ids, f)                                                                          \
    {                                                                                          \
        ids " " #f, f, NULL, NULL, NULL                                                        \
    }

#endif
