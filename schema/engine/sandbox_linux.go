package engine

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Rights of Landlock, the kernel's file rules that a process sets on itself.
const (
	fileRead  = unix.LANDLOCK_ACCESS_FS_READ_FILE
	fileWrite = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	fsFirst   = 1<<13 - 1 // all rights of the first version
)

// systemReadable is what the engine itself reads of the machine: its own memory
// and threads, the processors and the memory limit.
var systemReadable = []string{
	"/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/loadavg", "/proc/uptime",
	"/proc/sys", "/sys/fs/cgroup", "/sys/devices/system", "/dev/urandom", "/dev/random",
	"/usr/share/zoneinfo", "/etc/localtime",
}

// Sandboxed tells whether this machine's kernel keeps the engine away from files
// outside its data folder and from other servers. Without that, any user of the
// engine who has a password can read with file() what this process can read:
// the engine as a library does not check that function.
func Sandboxed() bool { return landlockVersion() > 0 }

func landlockVersion() int {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// confine takes from the calling thread, and from every thread it will start,
// all files but the given ones and all connections to other servers, but to the
// given port if it is not 0. The thread must be locked to its goroutine. A kernel
// without Landlock confines nothing.
func confine(writable, readable []string, port int) error {
	version := landlockVersion()
	if version == 0 {
		return nil
	}
	handled := handledRights(version)
	attr := unix.LandlockRulesetAttr{Handled_access_fs: handled}
	if version >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	// An older kernel takes the longer attribute as long as the rest is zero.
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return fmt.Errorf("create ruleset: %w", errno)
	}
	defer unix.Close(int(fd))

	full := handled &^ unix.LANDLOCK_ACCESS_FS_EXECUTE
	for _, path := range writable {
		if err := allow(int(fd), path, full); err != nil {
			return err
		}
	}
	for _, path := range readable {
		if err := allow(int(fd), path, fileRead); err != nil {
			return err
		}
	}
	if err := allow(int(fd), os.DevNull, (fileRead|fileWrite)&handled); err != nil {
		return err
	}
	for _, path := range systemReadable {
		if err := allow(int(fd), path, fileRead|unix.LANDLOCK_ACCESS_FS_READ_DIR); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	if port != 0 && version >= 4 {
		rule := netPortRule{access: unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, port: uint64(port)}
		if err := addRule(int(fd), ruleNetPort, unsafe.Pointer(&rule)); err != nil {
			return fmt.Errorf("port %d: %w", port, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return fmt.Errorf("restrict: %w", errno)
	}
	return nil
}

func handledRights(version int) uint64 {
	rights := uint64(fsFirst)
	if version >= 2 {
		rights |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		rights |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	return rights
}

// allow adds a rule for a path and what is beneath it; of a file it allows only
// what can be done to a file.
func allow(ruleset int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= fileRead | fileWrite
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	if err := addRule(int(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, unsafe.Pointer(&rule)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// ruleNetPort and netPortRule are LANDLOCK_RULE_NET_PORT and struct
// landlock_net_port_attr of the kernel's linux/landlock.h.
const ruleNetPort = 2

type netPortRule struct{ access, port uint64 }

func addRule(ruleset, kind int, rule unsafe.Pointer) error {
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), uintptr(kind), uintptr(rule), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
