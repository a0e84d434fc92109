/*
 * Functions that nobody here may call (STYLE 33), turned into compile errors.  The headers that
 * declare them are included first, so that only our own calls meet the macros: a call becomes
 * the call of a function that nobody declared.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name) banned_##name##_see_STYLE_33

#undef sprintf
#define sprintf BANNED(sprintf)
#undef strcpy
#define strcpy BANNED(strcpy)
#undef strcat
#define strcat BANNED(strcat)
#undef strncpy
#define strncpy BANNED(strncpy)
#undef strtok
#define strtok BANNED(strtok)
#undef atoi
#define atoi BANNED(atoi)
#undef atol
#define atol BANNED(atol)
#undef sscanf
#define sscanf BANNED(sscanf)
#undef gets
#define gets BANNED(gets)
#undef gmtime
#define gmtime BANNED(gmtime)
#undef localtime
#define localtime BANNED(localtime)
#undef ctime
#define ctime BANNED(ctime)
#undef tmpnam
#define tmpnam BANNED(tmpnam)
#undef system
#define system BANNED(system)
#undef popen
#define popen BANNED(popen)
#undef alloca
#define alloca BANNED(alloca)

#endif
