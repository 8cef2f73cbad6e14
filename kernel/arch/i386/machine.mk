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

# The emulator, its board and the disk on it, the emulator of Linux processes (none where the host can
# run them); the range of memory sizes in MiB.
QEMU := qemu-system-i386
QEMU_BOARD := -machine pc
QEMU_USER :=
QEMU_DISK := virtio-blk-pci
MEMORY_MIN := 32
MEMORY_MAX := 3072

# Debian's packages: compiler with static libc, emulator with firmware.
PACKAGES_CC := gcc-i686-linux-gnu libc6-dev-i386-cross
PACKAGES_QEMU := qemu-system-x86
PACKAGES_QEMU_NEW := qemu-system-x86
