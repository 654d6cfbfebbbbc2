# How everything is built; the Makefile and tests/check.mk say what. lib/*/*.c become libclip.a; a lesson is made of the
# files in its folder and the library.

# The numbers of lessons and exercises: "00", "01" ...
LESSONS  := $(sort $(foreach l,$(wildcard lessons/[0-9]*/main.c),$(firstword $(subst -, ,$(word 2,$(subst /, ,$(l)))))))
NUMBERS  := $(foreach e,$(wildcard exercises/original/[0-9]*.c),$(firstword $(subst -, ,$(notdir $(e)))))
PROGRAMS := $(LESSONS:%=$(BUILD)/lesson-%) $(patsubst data/%.c,$(BUILD)/%,$(wildcard data/*.c)) \
            $(patsubst tests/tools/%.c,$(BUILD)/%,$(wildcard tests/tools/*.c)) $(BUILD)/check-train-single $(BUILD)/bench
EXAM_OBJECTS := $(patsubst %,$(BUILD)/obj/tests/exercises/%.o,verify verify_shapes verify_run)
EXAMS    := $(EXAM_OBJECTS) $(NUMBERS:%=$(BUILD)/obj/tests/exercises/ex%.o)

CFLAGS ?= -g
ARCH   := $(if $(filter 1,$(NATIVE)),$(shell sh tests/flags.sh native $(CC)))
FLAGS  := -std=c11 -D_DEFAULT_SOURCE -D_DARWIN_C_SOURCE -Ilib -Ilessons -Wall -Wextra -Wpedantic -ffp-contract=off \
          -fno-math-errno -pthread $(shell sh tests/flags.sh mend $(CC) $(CPPFLAGS) $(CFLAGS))
ALL_CFLAGS = $(FLAGS) $(OPT) $(ARCH) $(CPPFLAGS) $(CFLAGS)
LDLIBS := -lm -pthread

# Every file is made under another name and then renamed: two makes in one tree do not disturb each other. A list of
# headers that is being written does not end in .d: the other make includes all that do.
ME      := $(shell echo $$$$)
MADE    := Makefile tests/build.mk tests/check.mk $(BUILD)/made-with
COMPILE  = $(Q)mkdir -p $(@D) && echo "  compile $@" && \
           $(CC) $(ALL_CFLAGS) $(KERNEL) $(DEFINE) -MMD -MP -MT $@ -MF $@.d.$(ME) -c -o $@.$(ME) $< && \
           mv -f $@.d.$(ME) $(@:.o=.d) && mv -f $@.$(ME) $@
LINK     = $(Q)echo "  link    $@" && \
           $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@.$(ME) $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) && mv -f $@.$(ME) $@
ARCHIVE  = $(Q)echo "  archive $@" && rm -f $@.$(ME) && $(AR) rcs $@.$(ME) $(filter %.o,$^) && mv -f $@.$(ME) $@
# Kernels may round a multiplication and an addition once; elsewhere each operation rounds as the C standard says.
KERNEL   = $(if $(filter $(BUILD)/obj/lib/kernels/% $(BUILD)/obj/tests/bench/measure.o,$@),-ffp-contract=fast)

$(BUILD)/obj/%.o: %.c $(MADE)
	$(COMPILE)

# Its version is compiled into the library.
VERSION := $(shell cat VERSION 2>/dev/null)
VERSIONED := $(BUILD)/obj/lib/core/version.o $(BUILD)/obj/lessons/00-one-file/main.o
$(VERSIONED): DEFINE = -DCLIP_VERSION='"$(VERSION)"'
$(VERSIONED) $(BUILD)/obj64/lib/core/version.o: VERSION

# In double precision: gradient checks, and the lessons that are computed by hand.
$(BUILD)/obj64/%.o: DEFINE = -DNUM=double
$(BUILD)/obj64/lib/core/version.o: DEFINE = -DNUM=double -DCLIP_VERSION='"$(VERSION)"'
$(BUILD)/obj64/%.o: %.c $(MADE)
	$(COMPILE)

$(BUILD)/obj/mine/%.o: DEFINE = $(if $(filter lib/%,$<),$(foreach f,$(REPLACED),-D$(f)=library_$(f)))
$(BUILD)/obj/mine/%.o: %.c $(MADE)
	$(COMPILE)

LIB := $(patsubst %.c,%.o,$(wildcard lib/*/*.c))
$(BUILD)/libclip.a: $(LIB:%=$(BUILD)/obj/%) $(BUILD)/made-of
	$(ARCHIVE)
$(BUILD)/libclip64.a: $(LIB:%=$(BUILD)/obj64/%) $(BUILD)/made-of
	$(ARCHIVE)

# A lesson is made of the files in its folder, and of the library.
.SECONDEXPANSION:
PARTS = $(addsuffix .o,$(basename $(wildcard lessons/$*-*/*.c)))
HAND := 01 02 03 04 06 07
$(HAND:%=$(BUILD)/lesson-%): $(BUILD)/lesson-%: $$(addprefix $(BUILD)/obj64/,$$(PARTS)) $(BUILD)/libclip64.a
	$(LINK)
REST := $(filter-out $(HAND),$(LESSONS))
$(REST:%=$(BUILD)/lesson-%): $(BUILD)/lesson-%: $$(addprefix $(BUILD)/obj/,$$(PARTS)) $(BUILD)/libclip.a
	$(LINK)

$(patsubst data/%.c,$(BUILD)/%,$(wildcard data/*.c)): $(BUILD)/%: $(BUILD)/obj/data/%.o $(BUILD)/libclip.a
	$(LINK)

# remember WORDS: the target holds these words and changes only when they do. What was made with others is made again.
REMEMBER = mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(WORDS))' >$@.$(ME); \
           if cmp -s $@.$(ME) $@; then rm -f $@.$(ME); else mv -f $@.$(ME) $@; fi
$(BUILD)/made-with: WORDS = $(CC) $(ALL_CFLAGS) $(LDFLAGS) $(LDLIBS) $(shell $(CC) --version 2>/dev/null | head -n 1)
$(BUILD)/made-with: FORCE
	@. tests/fit.sh; { mkdir -p $(@D) && test -d $(@D) && test -w $(@D); } 2>/dev/null || { \
	    tell "$(BUILD) cannot be written; name a folder that can: make BUILD=/tmp/clip"; exit 1; } >&2
	@. tests/fit.sh; test -e $@ || \
	    tell "The first build takes about half a minute on two cores; later ones make only what changed."
	@$(REMEMBER)
$(BUILD)/made-of: WORDS = $(LIB)
$(BUILD)/made-of: FORCE | $(BUILD)/made-with
	@$(REMEMBER)
FORCE:

# What was probably meant by a name that is no target: ex1, lesson-3.
.DEFAULT:
	@sh tests/no-target.sh $@

# Lesson 11 on the student's functions (exercises/mine.c). The files that define the functions it replaces are compiled
# once more, with the library's own functions under the name library_...
REPLACED := mat_normalise_rows softmax_row conv_forward text_tower zeroshot_classes zeroshot_scores metrics_argmax
DEFINING := $(shell grep -lE "^[A-Za-z].* ($$(echo $(REPLACED) | tr ' ' '|'))[^a-z_]" lib/*/*.c)
MINE     := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard lessons/11-classify/*.c)) $(BUILD)/obj/mine/exercises/mine.o \
            $(DEFINING:%.c=$(BUILD)/obj/mine/%.o)

-include $(shell find $(BUILD)/obj $(BUILD)/obj64 -name '*.d' 2>/dev/null)
.PHONY: FORCE
.SECONDARY:
.DELETE_ON_ERROR:
