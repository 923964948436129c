// The exports of `skep:runtime/guest`, over `main` and the functions of the source. functions.inc has a line for each
// of these: FUNCTION(name); and COMMAND is defined where there is a main. All names begin with skep_, so that those of
// the source are its own.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define GUEST "skep:runtime/guest@0.1.0#"

struct skep_text {
    const char *at;
    size_t length;
};

// result<_, failure>, result<string, failure> and result<u8, failure>, as the canonical ABI lays them out.
struct skep_result {
    uint8_t failed;
    union {
        struct skep_text text;
        uint8_t code;
    };
    uint8_t has_trace;
    struct skep_text trace;
};

static struct skep_result skep_result;
static const char *skep_failure;

EXPORT("cabi_realloc") void *skep_export_realloc(void *old, size_t old_length, size_t align, size_t length) {
    if (length == 0) return (void *)align;
    void *made = realloc(old, length);
    if (!made) abort();
    return made;
}

void skep_fail(const char *message) {
    skep_failure = strdup(message ? message : "it failed");
}

static struct skep_result *skep_failed(const char *message) {
    skep_result = (struct skep_result){.failed = 1, .text = {message, strlen(message)}};
    return &skep_result;
}

EXPORT(GUEST "build")
struct skep_result *skep_export_build(const char *main, size_t length, const void *files, size_t count) {
    return skep_failed("this is what was built, and builds nothing");
}

EXPORT(GUEST "load") struct skep_result *skep_export_load(const void *script, size_t length) {
    skep_result = (struct skep_result){0};
    return &skep_result;
}

// By another name here than where they are defined: theirs may be that of something of ours.
#define FUNCTION(name) char *skep_function_##name(const char *) __asm__(#name);
#include "functions.inc"
#undef FUNCTION

static const struct {
    const char *name;
    char *(*call)(const char *);
} skep_functions[] = {
#define FUNCTION(name) {#name, skep_function_##name},
#include "functions.inc"
    {NULL, NULL},
};

EXPORT(GUEST "call")
struct skep_result *skep_export_call(const char *name, size_t length, const char *arguments, size_t arguments_length) {
    for (int i = 0; skep_functions[i].name; i++) {
        if (strlen(skep_functions[i].name) != length || memcmp(skep_functions[i].name, name, length)) continue;
        const char *answer = skep_functions[i].call(strndup(arguments, arguments_length));
        fflush(NULL);
        if (skep_failure) return skep_failed(skep_failure);
        if (!answer) answer = "null";
        skep_result = (struct skep_result){.text = {answer, strlen(answer)}};
        return &skep_result;
    }
    return skep_failed("there is no such function");
}

#ifdef COMMAND
int __main_void(void);
// What `exit` does but for the end: functions given to `atexit`, destructors, buffers.
void __wasm_call_dtors(void);
#endif

EXPORT(GUEST "run") struct skep_result *skep_export_run(void) {
#ifdef COMMAND
    int code = __main_void();
    __wasm_call_dtors();
    if (skep_failure) return skep_failed(skep_failure);
    skep_result = (struct skep_result){.code = (uint8_t)code};
    return &skep_result;
#else
    return skep_failed("there is no main");
#endif
}
