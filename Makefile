# mv6: the kernel, user land, and the programs that test them. ./mv6 calls this file; `make help`
# lists the targets.
#
#   MACHINE=riscv64   which machine (or i386); everything made for it lies in build/$(MACHINE)
#   DEBUG=1           a kernel compiled for debugging, in build/$(MACHINE)-debug
#   LLVM=1            a kernel made by clang and lld instead of gcc and ld, in build/$(MACHINE)-llvm
#   V=1               shows the commands
#
# kernel/arch/$(MACHINE)/machine.mk holds what differs between machines, user/user.mk the programs
# of the root disk, course/course.mk those written to the interfaces of course/flavours,
# test/host/host.mk the tests that run inside a process of the host. Those three may use
# $(call say,WHAT,FILE), the one line that stands for a command, and $(Q) before the command.

MACHINE ?= riscv64
MAKEFLAGS += --no-builtin-rules --no-builtin-variables --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

MACHINE_MK := kernel/arch/$(MACHINE)/machine.mk
ifeq ($(wildcard $(MACHINE_MK)),)
$(error there is no machine "$(MACHINE)": no file $(MACHINE_MK))
endif
include $(MACHINE_MK)

ifeq ($(V),1)
Q :=
say = :
else
Q := @
say = printf '  %-8s%s\n' '$1' '$2'
endif

# Tools, and the folders of this build: user land is the same for all kernels of a machine.
CC := $(CROSS)gcc
LD := $(CROSS)ld
NM := $(CROSS)nm
STRIP := $(CROSS)strip
KARCH := $(KARCHFLAGS) $(KARCH_GNU)
ifeq ($(LLVM),1)
CC := clang --target=$(LLVM_TARGET)
LD := ld.lld
KARCH := $(KARCHFLAGS) $(KARCH_LLVM)
endif
UBUILD := build/$(MACHINE)
BUILD := $(UBUILD)$(if $(filter 1,$(LLVM)),-llvm)$(if $(filter 1,$(DEBUG)),-debug)

KERNEL := $(BUILD)/kernel.elf
ROOTFS := $(UBUILD)/rootfs.stamp

.PHONY: all kernel user guest guest-linux bench host rootfs image qemu qemu-nox gdb test clean help
all: kernel rootfs

# A file that holds the text $2 and is touched only when the text changes: what depends on it is
# made again when flags change.
remember = $(if $(call differs,$(strip $2),$(file <$1)),$(shell mkdir -p $(dir $1))$(file >$1,$(strip $2)))
differs = $(if $(filter-out x$(subst $(space),_,$1),x$(subst $(space),_,$2)),yes)
empty :=
space := $(empty) $(empty)

# --- the kernel ---

KDIRS := kernel $(foreach d,lib vm proc fs sys,kernel/$d kernel/$d/*) \
	kernel/dev $(DEVICES:%=kernel/dev/%) kernel/arch/$(MACHINE)
KSRC := $(wildcard $(foreach d,$(KDIRS),$d/*.c $d/*.S))
KOBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter %.c,$(KSRC))) \
	$(patsubst %.S,$(BUILD)/%.S.o,$(filter %.S,$(KSRC)))
KSCRIPT := kernel/arch/$(MACHINE)/kernel.ld

KCPPFLAGS := -Ikernel -Ikernel/arch/$(MACHINE) $(if $(filter 1,$(DEBUG)),-DDEBUG=1)
KCFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-common -fno-pie -fno-stack-protector \
	-fno-omit-frame-pointer -fno-strict-aliasing -fno-asynchronous-unwind-tables \
	-Wall -Wextra -Werror
KLD := $(LD) $(KLDFLAGS) -nostdlib -static -z noexecstack -z max-page-size=4096 --build-id=none -T $(KSCRIPT)

$(call remember,$(BUILD)/kernel.flags,$(CC) $(KCPPFLAGS) $(KCFLAGS) $(KARCH) $(KLD))
# Objects of files that are gone must not linger in the link.
$(call remember,$(BUILD)/kernel.objects,$(KOBJ))

kernel: $(KERNEL)

$(BUILD)/kernel/%.o: kernel/%.c $(BUILD)/kernel.flags
	@$(call say,CC,$<); mkdir -p $(@D)
	$(Q)$(CC) $(KCPPFLAGS) $(KCFLAGS) $(KARCH) -MMD -MP -c -o $@ $<

$(BUILD)/kernel/%.S.o: kernel/%.S $(BUILD)/kernel.flags
	@$(call say,AS,$<); mkdir -p $(@D)
	$(Q)$(CC) $(KCPPFLAGS) -D__ASSEMBLER__ -fno-pie $(KARCH) -g -MMD -MP -c -o $@ $<

# Two links: the first has an empty table of symbols, the second the table of the first. The
# addresses must not have moved, or a backtrace would lie.
$(BUILD)/ksyms0.S: tools/ksyms $(BUILD)/kernel.flags
	@mkdir -p $(@D)
	$(Q)tools/ksyms </dev/null >$@

$(BUILD)/ksyms1.S: $(BUILD)/kernel0.elf
	@$(call say,KSYMS,$@)
	$(Q)$(NM) -n $< | tools/ksyms >$@

$(BUILD)/ksyms%.o: $(BUILD)/ksyms%.S
	$(Q)$(CC) $(KARCH) -c -o $@ $<

$(BUILD)/kernel0.elf: $(BUILD)/ksyms0.o
$(BUILD)/kernel.elf: $(BUILD)/ksyms1.o
$(BUILD)/kernel0.elf $(BUILD)/kernel.elf: $(KOBJ) $(KSCRIPT) $(BUILD)/kernel.objects
	@$(call say,LD,$@)
	$(Q)new=$@.$$$$; $(KLD) -o $$new $(KOBJ) $(filter $(BUILD)/ksyms%.o,$^) && \
	$(if $(filter %/kernel.elf,$@),$(same_addresses) &&) mv -f $$new $@ || { rm -f $$new; exit 1; }

same_addresses = { cmp -s <($(NM) -n $(BUILD)/kernel0.elf | grep -i ' [tw] ') \
	<($(NM) -n $$new | grep -i ' [tw] ') || { \
	echo "$@: the table of symbols moves the addresses it names (is .ksyms last in $(KSCRIPT)?)"; \
	false; } >&2; }

-include $(patsubst %.o,%.d,$(KOBJ))

# --- user land and the root disk ---

B := $(UBUILD)
-include user/user.mk
include course/course.mk

rootfs: $(ROOTFS)
USER_FILES := $(if $(wildcard user/rootfs),$(shell find user/rootfs))
$(call remember,$(UBUILD)/rootfs.list,$(USER_PROGRAMS) $(USER_FILES))
$(ROOTFS): $(USER_PROGRAMS) tools/mkrootfs $(UBUILD)/rootfs.list $(USER_FILES)
	@$(call say,ROOTFS,$(UBUILD)/rootfs)
	$(Q)STRIP=$(STRIP) tools/mkrootfs $(UBUILD)/rootfs user/rootfs $(USER_PROGRAMS)
	$(Q)touch $@

image:
	@./mv6 image -m $(MACHINE)

# --- programs that run on mv6 and on Linux ---

# Those of test/guest/$(MACHINE) are for that machine alone; Linux here runs programs for i386.
LABS := $(sort $(wildcard course/exercises/*/guest))
GUEST_DIRS := test/guest test/guest/$(MACHINE) test/system test/diff $(LABS)
LINUX_DIRS := test/guest test/guest/i386 test/diff $(LABS)
GUEST_FLAGS := -std=gnu11 -static -O1 -g -pthread -Wall -Wextra -Itest/guest
GUEST_CC := $(CROSS)gcc
LINUX_CC := i686-linux-gnu-gcc
GUEST := $(patsubst %.c,$(UBUILD)/guest/%,$(notdir $(wildcard $(GUEST_DIRS:=/*.c))))
LINUX := $(patsubst %.c,build/linux/guest/%,$(notdir $(wildcard $(LINUX_DIRS:=/*.c))))

guest: $(GUEST)
guest-linux: $(LINUX)

# guest_rule FOLDER, linux_rule FOLDER: how the programs of a folder are made.
define guest_rule
$(UBUILD)/guest/%: $1/%.c Makefile
	@$$(call say,GUESTCC,$$<); mkdir -p $$(@D)
	$$(Q)$$(GUEST_CC) $$(GUEST_FLAGS) -MMD -MP -MF $$@.d -o $$@ $$<
endef
define linux_rule
build/linux/guest/%: $1/%.c Makefile
	@$$(call say,LINUXCC,$$<); mkdir -p $$(@D)
	$$(Q)$$(LINUX_CC) $$(GUEST_FLAGS) -MMD -MP -MF $$@.d -o $$@ $$<
endef
$(foreach d,$(GUEST_DIRS),$(eval $(call guest_rule,$d)))
$(foreach d,$(LINUX_DIRS),$(eval $(call linux_rule,$d)))

-include $(GUEST:=.d) $(LINUX:=.d)

# --- what operations cost ---

bench: $(UBUILD)/bench/ops

$(UBUILD)/bench/%: bench/%.c Makefile
	@$(call say,BENCHCC,$<); mkdir -p $(@D)
	$(Q)$(GUEST_CC) -std=gnu11 -static -O1 -Wall -Wextra -o $@ $<

# --- tests inside a process of the host ---

-include test/host/host.mk

host: $(HOST_TESTS)

# --- for those whose fingers know them ---

qemu qemu-nox:
	@./mv6 run -m $(MACHINE)

gdb:
	@./mv6 gdb -m $(MACHINE)

test:
	@./mv6 test -m $(MACHINE)

clean:
	rm -rf build

help:
	@echo 'make [MACHINE=riscv64|i386] [DEBUG=1] [LLVM=1] [V=1] TARGET...'
	@echo
	@echo '  all           the kernel and the files of the root disk'
	@echo '  kernel        build/MACHINE/kernel.elf'
	@echo '  user          the programs of the root disk'
	@echo '  image         build/MACHINE/disk.img, if there is none'
	@echo '  guest         test programs for mv6; guest-linux: the same for i386 Linux'
	@echo '  flavours      build/MACHINE/course: the libraries of ./mv6 xv6'
	@echo '  bench         build/MACHINE/bench/ops: what operations cost (./mv6 bench)'
	@echo '  host          unit tests and fuzzers of the memory system'
	@echo '  qemu qemu-nox boots to a shell (./mv6 run)'
	@echo '  gdb           boots stopped, under gdb'
	@echo '  test          all tests (./mv6 test)'
	@echo '  clean         removes build/'
