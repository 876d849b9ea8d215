package engine

import (
	"syscall"
)

const (
	libcName   = "libc.so.6"
	lastSignal = 64
)

// endWithParent makes the kernel ask the child to end when the thread that
// started it dies; the watched pipe covers what this does not.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }

func dup2(from, to int) error { return syscall.Dup3(from, to, 0) }
