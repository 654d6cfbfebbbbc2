# Builds and runs the toolkit. `make help` lists the targets. Variables, on the command line:
#   BUILD=dir   where built files go (default: build)    CC=clang   another compiler
#   NATIVE=0    for any processor of this kind           V=1        print every command in full
#   SAN=1       address and undefined-behaviour checks   ARGS="..." words for the program that is run

SAN     := 0
NATIVE  := 1
BUILD   := build
V       := 0
ARGS    :=
NAMES   :=
Q       := $(if $(filter 1,$(V)),,@)
OPT     := -O3
ifeq ($(SAN),1)
BUILD   := build/san
OPT     := -O2 -fsanitize=address,undefined -fno-sanitize-recover=all -DDEBUG
endif
ifneq ($(words $(BUILD)),1)
$(error BUILD is "$(BUILD)": make cannot build in a folder whose name has spaces; name another one)
endif

# What the environment holds for other programs must not reach the scripts.
unexport CDPATH ENV BASH_ENV GREP_OPTIONS POSIXLY_CORRECT

# As many files at a time as there are processors, unless -j says otherwise.
ifeq ($(filter -j% --jobs%,$(MAKEFLAGS))$(filter-out 0,$(MAKELEVEL)),)
MAKEFLAGS += -j$(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),2)
endif

CFLAGS ?= -g
ARCH   := $(if $(filter 1,$(NATIVE)),$(shell sh tests/flags.sh native $(CC)))
FLAGS  := -std=c11 -D_DEFAULT_SOURCE -D_DARWIN_C_SOURCE -Ilib -Ilessons -Wall -Wextra -Wpedantic -ffp-contract=off \
          -fno-math-errno -pthread $(shell sh tests/flags.sh mend $(CC))
ALL_CFLAGS = $(FLAGS) $(OPT) $(ARCH) $(CPPFLAGS) $(CFLAGS)
LDLIBS := -lm -pthread

LESSONS   := $(foreach l,$(wildcard lessons/[0-9]*/main.c),$(firstword $(subst -, ,$(notdir $(patsubst %/main.c,%,$(l))))))
EXERCISES := $(foreach e,$(wildcard exercises/original/[0-9]*.c),$(firstword $(subst -, ,$(notdir $(e)))))
PROGRAMS  := $(LESSONS:%=$(BUILD)/lesson-%) $(patsubst data/%.c,$(BUILD)/%,$(wildcard data/*.c)) \
             $(patsubst tests/tools/%.c,$(BUILD)/%,$(wildcard tests/tools/*.c)) $(BUILD)/check-train-single
EXAMS     := $(BUILD)/obj/tests/exercises/exam.o $(EXERCISES:%=$(BUILD)/obj/tests/exercises/ex%.o)
# Where the tree cannot be written to, lessons and quiz leave their files beside the built ones.
KEPT    = test -w data || export CLIP_MODELS="$${CLIP_MODELS:-$(BUILD)/models}" CLIP_PLOTS="$${CLIP_PLOTS:-$(BUILD)/plots}" \
          QUIZ_FILE="$${QUIZ_FILE:-$(BUILD)/quiz.txt}";
STUDENT = @EXERCISE_CC='$(CC) $(ALL_CFLAGS)' sh tests/student.sh $(BUILD)

all: $(PROGRAMS) ## build everything (the same as `make`)
	$(STUDENT) give

# ---- what students run ----------------------------------------------------------------------------------------------

help: ## this list
	@awk -F ':.*## ' '/^[a-z].*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@printf '  make %-12s %s\n' lesson-NN 'run a lesson; ARGS="--help" lists its options' \
	    ex-NN 'check your exercise NN, exercises/NN-name.c' hint-NN 'the next of three hints' \
	    reset-NN 'the exercise as it was; yours is kept' solution-NN 'how we did it, when you have' \
	    help-dev 'what maintainers use'

run: all ## the main job: train the small CLIP on CIFAR-10, classify its test pictures from text alone
	@sh data/fetch.sh $(BUILD) || { test ! -e data/cifar-10-batches-bin && \
	    echo "No CIFAR-10 here: the lessons go on with generated shapes."; }
	@$(KEPT) $(BUILD)/lesson-10 --resume --backup-other --no-predict
	@$(KEPT) $(BUILD)/lesson-11 --recipe quick --no-predict

train-full: $(BUILD)/lesson-10 ## 94 % on CIFAR-10 with views (93 % plain) from random weights: 15 to 36 minutes; resumes
	@$(KEPT) $(BUILD)/lesson-10 --recipe full --data cifar --resume --backup-other $(ARGS)

list: ## the lessons and exercises, and how far you are
	@echo Lessons
	@for page in lessons/*/README.md; do sed -n '1s/^# */  /p' "$$page"; done
	$(STUDENT) list

quiz: ## the questions of the lessons; ARGS="05 08" for these lessons, ARGS=missed
	@$(KEPT) sh lessons/quiz.sh $(ARGS)

data: $(BUILD)/cifar-check $(BUILD)/cifar-from-png ## fetch CIFAR-10 (170 MB) and verify it
	@sh data/fetch.sh $(BUILD)

pretrained: $(BUILD)/sha256 ## fetch CLIP's published weights (1.2 GB) and verify them; MODELS="laion openai large"
	@sh data/pretrained.sh $(BUILD)

plots: ## draw every picture again, from the data that the lessons wrote
	@$(KEPT) sh plots/draw.sh

limits: $(BUILD)/lesson-17 $(BUILD)/lesson-18 ## the tables of lessons 17 and 18, five seeds: 45 minutes; resumes
	@$(KEPT) $(BUILD)/lesson-17 --all --no-predict
	@$(KEPT) $(BUILD)/lesson-18 --all --no-predict

bench: $(BUILD)/bench ## measure speed; NAMES="gemm-1024 train-resnet9" for some figures only
	@$(BUILD)/bench $(NAMES)

$(LESSONS:%=lesson-%): lesson-%: $(BUILD)/lesson-%
	@$(KEPT) $(BUILD)/lesson-$* $(ARGS)

$(EXERCISES:%=ex-%): ex-%: $(BUILD)/libclip.a $(BUILD)/obj/tests/exercises/exam.o $(BUILD)/obj/tests/exercises/ex%.o
	$(STUDENT) ex $*

next: $(BUILD)/libclip.a $(EXAMS) ## check the first exercise that is not done
	$(STUDENT) next

watch: $(BUILD)/libclip.a $(EXAMS) ## check an exercise whenever you save it
	$(STUDENT) watch

$(EXERCISES:%=hint-%): hint-%:
	$(STUDENT) hint $*

$(EXERCISES:%=reset-%): reset-%:
	$(STUDENT) reset $*

$(EXERCISES:%=solution-%): solution-%:
	$(STUDENT) solution $*

# Lesson 11 on the student's functions (exercises/mine.c). The files that define the functions it replaces are compiled
# once more, with the library's own functions under the name library_...
REPLACED := mat_normalise_rows softmax_row conv_forward text_tower zeroshot_classes zeroshot_scores metrics_argmax
MINE     := $(BUILD)/obj/lessons/11-classify/main.o $(BUILD)/obj/mine/exercises/mine.o $(patsubst %.c,$(BUILD)/obj/mine/%.o,\
            $(shell grep -lE "^[A-Za-z].* ($$(echo $(REPLACED) | tr ' ' '|'))[^a-z_]" lib/*/*.c))

mine: $(BUILD)/libclip.a $(EXAMS) $(MINE) ## lesson 11 on your own functions
	@$(KEPT) EXERCISE_CC='$(CC) $(ALL_CFLAGS)' ARGS='$(ARGS)' sh tests/student.sh $(BUILD) mine '$(MINE)'

clean: ## remove what was built
	rm -rf $(BUILD)

# ---- building -------------------------------------------------------------------------------------------------------

# Every file is made under another name and then renamed: two makes in one tree do not disturb each other.
ME      := $(shell echo $$$$)
MADE    := Makefile tests/check.mk $(BUILD)/made-with
COMPILE  = $(Q)mkdir -p $(@D) && echo "  compile $@" && $(CC) $(ALL_CFLAGS) $(KERNEL) $(DEFINE) -MMD -MP -MT $@ -MF $@.$(ME).d \
           -c -o $@.$(ME) $< && mv -f $@.$(ME).d $(@:.o=.d) && mv -f $@.$(ME) $@
LINK     = $(Q)echo "  link    $@" && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@.$(ME) $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) && mv -f $@.$(ME) $@
ARCHIVE  = $(Q)echo "  archive $@" && rm -f $@.$(ME) && $(AR) rcs $@.$(ME) $(filter %.o,$^) && mv -f $@.$(ME) $@
# Kernels may round a multiplication and an addition once; elsewhere each operation rounds as the C standard says.
KERNEL   = $(if $(filter $(BUILD)/obj/lib/kernels/%,$@),-ffp-contract=fast)

$(BUILD)/obj/%.o: %.c $(MADE)
	$(COMPILE)

# In double precision: gradient checks, and the lessons that are computed by hand.
$(BUILD)/obj64/%.o: DEFINE = -DNUM=double
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
	@test -e $@ || echo "The first build takes about half a minute on two cores; later ones make only what changed."
	@$(REMEMBER)
$(BUILD)/made-of: WORDS = $(LIB)
$(BUILD)/made-of: FORCE
	@$(REMEMBER)
FORCE:

# What was probably meant by a name that is no target: ex1, lesson-3.
.DEFAULT:
	@sh tests/no-target.sh $@

include tests/check.mk
-include $(shell find $(BUILD)/obj $(BUILD)/obj64 -name '*.d' 2>/dev/null)

.PHONY: FORCE all help run train-full list quiz data pretrained plots limits bench next watch mine clean \
        $(LESSONS:%=lesson-%) $(foreach n,$(EXERCISES),ex-$(n) hint-$(n) reset-$(n) solution-$(n))
.SECONDARY:
.DELETE_ON_ERROR:

