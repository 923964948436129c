// What a function for Skep is in C and C++. Every file of source begins with it.
#pragma once

// Makes a function callable by its name: SKEP_FUNCTION char *price(const char *event).
#ifdef __cplusplus
#define SKEP_FUNCTION extern "C" __attribute__((visibility("default"), used))
extern "C" {
#else
#define SKEP_FUNCTION __attribute__((visibility("default"), used))
#endif

// The function that is called where none is named. `event` is the JSON text of all arguments, a list. What it
// returns is the JSON text of the result; NULL is null. The text is not freed: the sandbox ends with the call.
char *handler(const char *event);

// Has the call fail with a message, once the function returns.
void skep_fail(const char *message);

#ifdef __cplusplus
}
#endif
