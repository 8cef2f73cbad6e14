# What the build and the tool need to know of this machine: QEMU's "virt" board with RV64 CPUs.
# Plain "NAME := value" lines only, one a line: make reads this file, and so does ./mv6.

# Prefix of the GNU cross tools, and clang's name for the target.
CROSS := riscv64-linux-gnu-
LLVM_TARGET := riscv64-linux-gnu

# Kernel code: no floating point, linked anywhere within 2 GiB. clang 14 does not know the names of
# the extensions that were split off the base set, and lld 14 cannot relax.
KARCHFLAGS := -mabi=lp64 -mcmodel=medany
KARCH_GNU := -march=rv64imac_zicsr_zifencei
KARCH_LLVM := -march=rv64imac -mno-relax
KLDFLAGS := -m elf64lriscv

# Folders of kernel/dev with the drivers that only some machines need.
DEVICES := mmio

# An ELF file for this machine: EI_CLASS (1: 32 bits, 2: 64 bits) and e_machine in hexadecimal.
ELF_CLASS := 2
ELF_MACHINE := f3
ELF_NAME := 64-bit RISC-V

# The emulator, its boards and CPU models (the first board is the one that is used; the model is QEMU's
# own choice if none is named here), those that tests boot on as well, and what else it has to be told.
QEMU := qemu-system-riscv64
QEMU_BOARDS := virt
QEMU_CPU :=
QEMU_CPUS_TESTED :=
QEMU_OPTIONS := -bios default -global virtio-mmio.force-legacy=false

# How a disk is connected, the usual way first (_BOARD: on that board); QEMU's device for each way, or
# "initrd" for a disk that is read into memory.
QEMU_DISKS := virtio
QEMU_DISK_virtio := virtio-blk-device

# The emulator of Linux processes (none where the host can run them).
QEMU_USER := qemu-riscv64

# GRUB's name for the platform that it boots this machine on (none: disks cannot be made bootable).
GRUB_PLATFORM :=

# The range of memory sizes in MiB.
MEMORY_MIN := 32
MEMORY_MAX := 8192

# Debian's packages: compiler with static libc, emulator with firmware.
PACKAGES_CC := gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
PACKAGES_QEMU := qemu-system-misc opensbi
PACKAGES_QEMU_NEW := qemu-system-riscv opensbi
