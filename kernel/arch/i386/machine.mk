# What the build and the tool need to know of this machine: QEMU's PCs with 32-bit CPUs.
# Plain "NAME := value" lines only, one a line: make reads this file, and so does ./mv6.

# Prefix of the GNU cross tools, and clang's name for the target.
CROSS := i686-linux-gnu-
LLVM_TARGET := i686-linux-gnu

# Kernel code: no floating point, arguments in registers, a stack aligned to words.
KARCHFLAGS := -march=i686 -mgeneral-regs-only -mregparm=3
KARCH_GNU := -mpreferred-stack-boundary=2
KARCH_LLVM := -mstack-alignment=4
KLDFLAGS := -m elf_i386

# Folders of kernel/dev with the drivers that only some machines need.
DEVICES := pc

# An ELF file for this machine: EI_CLASS (1: 32 bits, 2: 64 bits) and e_machine in hexadecimal.
ELF_CLASS := 1
ELF_MACHINE := 3
ELF_NAME := 32-bit x86

# The emulator, its boards and CPU models (the first board is the one that is used; the model is QEMU's
# own choice if none is named here), those that tests boot on as well, and what else it has to be told.
QEMU := qemu-system-i386
QEMU_BOARDS := pc q35
QEMU_CPU := max
QEMU_CPUS_TESTED := pentium3 qemu32
QEMU_OPTIONS :=

# How a disk is connected, the usual way first (_BOARD: on that board); QEMU's device for each way, or
# "initrd" for a disk that is read into memory.
QEMU_DISKS := virtio ide module
QEMU_DISKS_q35 := virtio module
QEMU_DISK_virtio := virtio-blk-pci
QEMU_DISK_ide := ide-hd
QEMU_DISK_module := initrd

# The emulator of Linux processes (none where the host can run them).
QEMU_USER :=

# GRUB's name for the platform that it boots this machine on (none: disks cannot be made bootable).
GRUB_PLATFORM := i386-pc

# The range of memory sizes in MiB.
MEMORY_MIN := 32
MEMORY_MAX := 3072

# Debian's packages: compiler with static libc, emulator with firmware, what makes bootable disks and CDs.
PACKAGES_CC := gcc-i686-linux-gnu libc6-dev-i386-cross
PACKAGES_QEMU := qemu-system-x86
PACKAGES_QEMU_NEW := qemu-system-x86
PACKAGES_GRUB := grub-pc-bin grub-common
PACKAGES_GRUB_CD := xorriso mtools
