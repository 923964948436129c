// The exports of `skep:runtime/guest`, over `main` and the functions of the source. functions.inc has a line for each
// of these: FUNCTION(name); and COMMAND is defined where there is a main.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "skep.h"

#define EXPORT(name) __attribute__((export_name(name)))
#define GUEST "skep:runtime/guest@0.1.0#"

struct text {
    const char *at;
    size_t length;
};

// result<_, failure>, result<string, failure> and result<u8, failure>, as the canonical ABI lays them out.
struct result {
    uint8_t failed;
    union {
        struct text text;
        uint8_t code;
    };
    uint8_t has_trace;
    struct text trace;
};

static struct result result;
static const char *failure;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_length, size_t align, size_t length) {
    if (length == 0) return (void *)align;
    void *made = realloc(old, length);
    if (!made) abort();
    return made;
}

void skep_fail(const char *message) {
    failure = strdup(message ? message : "it failed");
}

static struct result *fail(const char *message) {
    result = (struct result){.failed = 1, .text = {message, strlen(message)}};
    return &result;
}

static struct result *not_here(void) {
    return fail("this is what was built, and builds nothing");
}

EXPORT(GUEST "build") struct result *build(const char *main, size_t length, void *files, size_t count) {
    return not_here();
}

EXPORT(GUEST "load") struct result *load(const void *script, size_t length) {
    result = (struct result){0};
    return &result;
}

#define FUNCTION(name) char *name(const char *);
#include "functions.inc"
#undef FUNCTION

static const struct {
    const char *name;
    char *(*call)(const char *);
} functions[] = {
#define FUNCTION(name) {#name, name},
#include "functions.inc"
    {NULL, NULL},
};

EXPORT(GUEST "call")
struct result *call(const char *name, size_t length, const char *arguments, size_t arguments_length) {
    for (int i = 0; functions[i].name; i++) {
        if (strlen(functions[i].name) != length || memcmp(functions[i].name, name, length)) continue;
        const char *answer = functions[i].call(strndup(arguments, arguments_length));
        fflush(NULL);
        if (failure) return fail(failure);
        if (!answer) answer = "null";
        result = (struct result){.text = {answer, strlen(answer)}};
        return &result;
    }
    return fail("there is no such function");
}

#ifdef COMMAND
int __main_void(void);
#endif

EXPORT(GUEST "run") struct result *run(void) {
#ifdef COMMAND
    int code = __main_void();
    fflush(NULL);
    if (failure) return fail(failure);
    result = (struct result){.code = (uint8_t)code};
    return &result;
#else
    return fail("there is no main");
#endif
}
