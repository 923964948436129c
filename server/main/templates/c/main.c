#include <stdio.h>

// What it prints is the result, and its exit code says whether it went well.
int main(int argc, char **argv) {
    printf("hello %s\n", argc > 1 ? argv[1] : "world");
    return 0;
}
