# Tests that run inside a process of the host: NAME_test.c are cmocka units, fuzz_NAME.c libFuzzer
# targets, any other .c here is linked into all of them. Exercises bring tests of their own. The kernel's memory system and library are
# compiled with arch/host for a machine, under ASan and UBSan, and with the fuzzer's counters.

HBUILD := build/host
HCC := clang
HFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing -Wall -Wextra \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined -pthread -DDEBUG=1
HINCLUDE := -Itest/host -Ikernel -Ikernel/arch/host
HCOVER := -fsanitize=fuzzer-no-link

# Of the kernel's library the host brings some itself, under the same names; the log is arch/host's.
HOST_OWN := kernel/lib/string.c kernel/lib/bits.c kernel/lib/ksyms.c kernel/lib/log.c

HOST_TEST_SRC := $(wildcard test/host/*_test.c)
HOST_FUZZ_SRC := $(wildcard test/host/fuzz_*.c)
HOST_SRC := $(filter-out $(HOST_TEST_SRC) $(HOST_FUZZ_SRC),$(wildcard test/host/*.c)) \
	$(filter-out $(HOST_OWN),$(foreach d,vm lib arch/host,$(wildcard kernel/$d/*.c))) kernel/proc/sync.c
HOST_OBJ := $(HOST_SRC:%.c=$(HBUILD)/obj/%.o)
HOST_UNITS := $(HOST_TEST_SRC:test/host/%.c=$(HBUILD)/%)
HOST_FUZZERS := $(HOST_FUZZ_SRC:test/host/%.c=$(HBUILD)/%)
HOST_LAB_SRC := $(wildcard course/exercises/*/host/*_test.c)
HOST_LABS := $(patsubst %.c,$(HBUILD)/%,$(notdir $(HOST_LAB_SRC)))
HOST_TESTS := $(HOST_UNITS) $(HOST_FUZZERS) $(HOST_LABS)

$(call remember,$(HBUILD)/flags,$(HCC) $(HFLAGS) $(HINCLUDE) $(HCOVER))
$(call remember,$(HBUILD)/objects,$(HOST_OBJ))

$(HBUILD)/obj/%.o: %.c $(HBUILD)/flags
	@$(call say,HOSTCC,$<); mkdir -p $(@D)
	$(Q)$(HCC) $(HFLAGS) $(HCOVER) $(HINCLUDE) -MMD -MP -c -o $@ $<

$(HOST_UNITS): $(HBUILD)/%: $(HBUILD)/obj/test/host/%.o $(HOST_OBJ) $(HBUILD)/objects
	@$(call say,HOSTLD,$@)
	$(Q)$(HCC) $(HFLAGS) -o $@ $(filter %.o,$^) -lcmocka

# lab_rule FOLDER: how the tests of an exercise are made.
define lab_rule
$(HBUILD)/%: $(HBUILD)/obj/$1/%.o $(HOST_OBJ) $(HBUILD)/objects
	@$$(call say,HOSTLD,$$@)
	$$(Q)$$(HCC) $$(HFLAGS) -o $$@ $$(filter %.o,$$^) -lcmocka
endef
$(foreach d,$(sort $(dir $(HOST_LAB_SRC))),$(eval $(call lab_rule,$(d:/=))))

$(HOST_FUZZERS): $(HBUILD)/%: $(HBUILD)/obj/test/host/%.o $(HOST_OBJ) $(HBUILD)/objects
	@$(call say,HOSTLD,$@)
	$(Q)$(HCC) $(HFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^)

.SECONDARY: $(patsubst %.c,$(HBUILD)/obj/%.o,$(HOST_TEST_SRC) $(HOST_FUZZ_SRC) $(HOST_LAB_SRC)) $(HOST_OBJ)
-include $(patsubst %.c,$(HBUILD)/obj/%.d,$(HOST_SRC) $(HOST_TEST_SRC) $(HOST_FUZZ_SRC) $(HOST_LAB_SRC))
