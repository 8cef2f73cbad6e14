# The user land: our libc and the programs of /bin, static ELF files for MACHINE.
#
# Included by the top Makefile, or used by itself: make -f user/user.mk MACHINE=riscv64 user.
# Every user/NAME.c is the program NAME; every folder user/NAME with main.c in it is the program
# NAME made of all its files. A machine is a folder user/lib/MACHINE: its start-up, its traps and the
# headers machine/*.h.
# USER_PROGRAMS lists the built programs.
#
# The top Makefile gives $(Q) and $(call say,WHAT,FILE); by itself this file shows the commands.

MACHINE ?= riscv64
B ?= build/$(MACHINE)
say ?= :

USER_CROSS_riscv64 := riscv64-linux-gnu-
USER_CROSS_i386 := i686-linux-gnu-
USER_CROSS := $(USER_CROSS_$(MACHINE))
USER_CC := $(USER_CROSS)gcc
USER_AR := $(USER_CROSS)ar

USER_ARCH_riscv64 := -march=rv64gc -mabi=lp64d
USER_ARCH_i386 := -march=i686
USER_INCLUDES := -nostdinc -isystem user/lib/include -isystem user/lib/$(MACHINE) \
	-isystem $(shell $(USER_CC) -print-file-name=include)
USER_CFLAGS = -std=gnu11 -O2 -g -ffreestanding -fno-pie -fno-stack-protector \
	-fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables -ffunction-sections \
	-fdata-sections -Wall -Wextra -Werror \
	$(USER_ARCH_$(MACHINE)) $(USER_INCLUDES) -MMD -MP
USER_LDFLAGS = -static -nostdlib -nostartfiles -no-pie -Wl,--gc-sections -Wl,-z,max-page-size=4096 \
	-Wl,--build-id=none

U := $(B)/user
USER_LIB := $(U)/libmv6.a
USER_LIB_OBJS := $(patsubst user/lib/%,$(U)/obj/lib/%.o, \
	$(wildcard user/lib/*.c user/lib/$(MACHINE)/*.[cS]))
USER_SINGLE := $(patsubst user/%.c,%,$(wildcard user/*.c))
USER_MULTI := $(patsubst user/%/main.c,%,$(wildcard user/*/main.c))
USER_PROGRAMS := $(addprefix $(U)/,$(USER_SINGLE) $(USER_MULTI))

.PHONY: user
user: $(USER_PROGRAMS)

# The string routines must not be turned into calls of themselves.
$(U)/obj/lib/string.c.o: USER_CFLAGS += -fno-tree-loop-distribute-patterns

$(U)/obj/%.c.o: user/%.c user/user.mk
	@mkdir -p $(@D)
	@$(call say,CC,$@)
	$(Q)$(USER_CC) $(USER_CFLAGS) -c -o $@ $<

$(U)/obj/%.S.o: user/%.S user/user.mk
	@mkdir -p $(@D)
	@$(call say,CC,$@)
	$(Q)$(USER_CC) $(USER_CFLAGS) -c -o $@ $<

$(USER_LIB): $(USER_LIB_OBJS)
	@$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(USER_AR) rcs $@ $^

USER_LINK = $(Q)$(USER_CC) $(USER_ARCH_$(MACHINE)) $(USER_LDFLAGS) -o $@ \
	$(U)/obj/lib/$(MACHINE)/crt0.S.o $(filter %.c.o,$^) $(USER_LIB) -lgcc

$(addprefix $(U)/,$(USER_SINGLE)): $(U)/%: $(U)/obj/%.c.o $(USER_LIB)
	@$(call say,LD,$@)
	$(USER_LINK)

define user_multi
$(U)/$(1): $(patsubst user/%,$(U)/obj/%.o,$(wildcard user/$(1)/*.c)) $(USER_LIB)
	@$$(call say,LD,$$@)
	$$(USER_LINK)
endef
$(foreach p,$(USER_MULTI),$(eval $(call user_multi,$(p))))

# Programs of test/user, linked with our libc.
USER_TESTS := $(patsubst test/user/%.c,$(B)/test-user/%,$(wildcard test/user/*.c))

.PHONY: user-tests
user-tests: user $(USER_TESTS)

$(B)/test-user/%.c.o: test/user/%.c
	@mkdir -p $(@D)
	@$(call say,CC,$@)
	$(Q)$(USER_CC) $(USER_CFLAGS) -c -o $@ $<

$(USER_TESTS): $(B)/test-user/%: $(B)/test-user/%.c.o $(USER_LIB)
	@$(call say,LD,$@)
	$(USER_LINK)

-include $(shell find $(U)/obj $(B)/test-user -name '*.d' 2>/dev/null)
