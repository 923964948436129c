package main

import (
	"fmt"
	"os"
)

// What it prints is the result, and its exit code says whether it went well.
func main() {
	name := "world"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	fmt.Printf("hello %s\n", name)
}
