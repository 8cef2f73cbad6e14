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

# The emulator, its board and the disk on it, the emulator of Linux processes (none where the host can
# run them); the range of memory sizes in MiB.
QEMU := qemu-system-riscv64
QEMU_BOARD := -machine virt -bios default -global virtio-mmio.force-legacy=false
QEMU_USER := qemu-riscv64
QEMU_DISK := virtio-blk-device
MEMORY_MIN := 32
MEMORY_MAX := 8192

# Debian's packages: compiler with static libc, emulator with firmware.
PACKAGES_CC := gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
PACKAGES_QEMU := qemu-system-misc opensbi
PACKAGES_QEMU_NEW := qemu-system-riscv opensbi
