# The flavours (course/flavours) and the programs that are written to them (course/programs), for the
# machine of this build. The top Makefile includes this file after user/user.mk, whose C library and flags
# it uses.
#
# build/MACHINE/course/FLAVOUR.o is a flavour's library: course/lib, the lib folders of the flavour and of
# what it builds on, and as much of the C library as they need, with all names hidden but those of the
# flavour's interface (tools/xv6cc).
#
# COURSE_PROGRAMS lists the programs of course/programs. They are on the root disk, in /bin.

C := $(UBUILD)/course
FLAVOUR_CHAINS := $(shell tools/xv6cc chains)
FLAVOURS := $(foreach c,$(FLAVOUR_CHAINS),$(firstword $(subst :, ,$c)))
FLAVOUR_FILES := $(shell find course/flavours course/lib -type f)
# flavour_chain FLAVOUR: itself and what it builds on.
flavour_chain = $(subst :, ,$(filter $1 $1:%,$(FLAVOUR_CHAINS)))

.PHONY: flavours
flavours: $(FLAVOURS:%=$(C)/%.o)

COURSE_LIB := $(filter-out shape,$(basename $(notdir $(wildcard course/lib/*.c))))
COURSE_LIB_OBJS := $(COURSE_LIB:%=$(C)/obj/%.o) $(C)/obj/stack.o $(C)/obj/malloc.o

$(C)/obj/%.o: course/lib/%.c $(FLAVOUR_FILES) course/course.mk
	@$(call say,CC,$<); mkdir -p $(@D)
	$(Q)$(USER_CC) $(USER_CFLAGS) -c -o $@ $<

$(C)/obj/%.o: course/lib/$(MACHINE)/%.S course/course.mk
	@$(call say,AS,$<); mkdir -p $(@D)
	$(Q)$(USER_CC) $(USER_CFLAGS) -c -o $@ $<

# The C library's malloc, on the flavours' heap.
$(C)/obj/malloc.o: $(U)/obj/lib/malloc.c.o course/course.mk
	@mkdir -p $(@D)
	$(Q)$(USER_CROSS)objcopy --redefine-sym brk=heap_brk --redefine-sym sbrk=heap_sbrk \
		--redefine-sym mmap=heap_map --redefine-sym munmap=heap_unmap $< $@

# flavour_rule FLAVOUR
define flavour_rule
$(C)/obj/$1/%.o: course/flavours/$1/lib/%.c $$(FLAVOUR_FILES) course/course.mk
	@$$(call say,CC,$$<); mkdir -p $$(@D)
	$$(Q)$$(USER_CC) $$(USER_CFLAGS) -Icourse/lib -c -o $$@ $$<

$(C)/obj/$1/shape.o: course/lib/shape.c $$(FLAVOUR_FILES) course/course.mk
	@$$(call say,CC,$$< for $1); mkdir -p $$(@D)
	$$(Q)$$(USER_CC) $$(USER_CFLAGS) -Icourse/lib \
		$$(foreach f,$$(call flavour_chain,$1),-Icourse/flavours/$$f/lib -Icourse/flavours/$$f) -c -o $$@ $$<

# What is nearest comes first: its functions are taken.
$(C)/$1.o: $$(foreach f,$$(call flavour_chain,$1),$$(patsubst course/flavours/$$f/lib/%.c,$(C)/obj/$$f/%.o,\
	$$(wildcard course/flavours/$$f/lib/*.c))) $(C)/obj/$1/shape.o $$(COURSE_LIB_OBJS) $$(USER_LIB) tools/xv6cc
	@$$(call say,LD,$$@)
	$$(Q)tools/xv6cc library $$(MACHINE) $$@ $$(U)/obj/lib/$$(MACHINE)/crt0.S.o $$(filter %.o,$$^) \
		$$(USER_LIB) $$$$($$(USER_CC) -print-libgcc-file-name)
endef
$(foreach f,$(FLAVOURS),$(eval $(call flavour_rule,$f)))

# Programs: of the flavour that the folder in course/programs names, or else their #includes tell.
folder_flavour = $(filter-out course programs,$(subst /, ,$(dir $1)))
COURSE_SOURCES := $(wildcard course/programs/*.c course/programs/*/*.c)
COURSE_PROGRAMS := $(patsubst %.c,$(C)/bin/%,$(notdir $(COURSE_SOURCES)))
COURSE_TWICE := $(filter $(USER_SINGLE) $(USER_MULTI),$(notdir $(COURSE_PROGRAMS)))
ifneq ($(COURSE_TWICE),)
$(error course/programs: /bin has programs of these names already: $(COURSE_TWICE))
endif

ifneq ($(words $(COURSE_PROGRAMS)),$(words $(sort $(COURSE_PROGRAMS))))
$(error course/programs: two programs have the same name: $(COURSE_SOURCES))
endif

# course_program SOURCE
define course_program
$(C)/bin/$(basename $(notdir $1)): $1 $$(FLAVOURS:%=$(C)/%.o) tools/xv6cc
	@$$(call say,XV6CC,$1); mkdir -p $$(@D)
	$$(Q)tools/xv6cc compile $$(MACHINE) '$(call folder_flavour,$1)' $1 $$@
endef
$(foreach s,$(COURSE_SOURCES),$(eval $(call course_program,$s)))

USER_PROGRAMS += $(COURSE_PROGRAMS)
