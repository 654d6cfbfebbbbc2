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
POINTS  :=
EXAM    :=
Q       := $(if $(filter 1,$(V)),,@)
OPT     := -O3
ifeq ($(SAN),1)
BUILD   := build/san
OPT     := -O2 -fsanitize=address,undefined -fno-sanitize-recover=all -DDEBUG
endif
# Characters that make or a shell reads in another way than as a part of a name.
HASH    := \#
SPECIAL := $(HASH) : ; % & | < > * ? [ ] ( ) { } ~ = ! ` ' " \ $$
ifneq ($(words $(BUILD)),1)
$(error BUILD is "$(BUILD)": make cannot build in a folder whose name is empty or has spaces; name another one)
endif
ifneq (x$(strip $(BUILD))x,x$(BUILD)x)
$(error BUILD is "$(BUILD)": it begins or ends with a space; write it without)
endif
ifneq ($(strip $(foreach c,$(SPECIAL),$(findstring $(c),$(BUILD)))),)
$(error BUILD is "$(BUILD)": make cannot build in a folder with $(strip $(foreach c,$(SPECIAL),$(findstring $(c),$(BUILD)))) in its name; name another one)
endif
ifneq ($(filter -%,$(BUILD)),)
$(error BUILD is "$(BUILD)": commands would read it as an option; write ./$(BUILD))
endif
# A folder of the project, or one around it: built files would lie among yours, and `make clean` would remove both.
SOURCES := lessons lib data plots tests exercises solutions
OURS    := $(foreach d,$(SOURCES),$(findstring x$(abspath $(d))/,x$(abspath $(BUILD))/)) \
           $(findstring x$(abspath $(BUILD))/,x$(CURDIR)/)
ifneq ($(strip $(OURS)),)
$(error BUILD is "$(BUILD)", a folder of the project; name another one, such as build)
endif

# What the environment holds for others must not reach our scripts.
unexport CDPATH ENV BASH_ENV GREP_OPTIONS POSIXLY_CORRECT CHECK_LONG CHECK_FIRST CHECK_ALL

# As many files at a time as there are processors, unless -j says otherwise.
ifeq ($(filter -j% --jobs%,$(MAKEFLAGS))$(filter-out 0,$(MAKELEVEL)),)
MAKEFLAGS += -j$(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),2)
endif

# Where the tree cannot be written to, lessons and quiz leave their files beside the built ones.
KEPT    = test -w data || export CLIP_MODELS="$${CLIP_MODELS:-$(BUILD)/models}" \
          CLIP_PLOTS="$${CLIP_PLOTS:-$(BUILD)/plots}" QUIZ_FILE="$${QUIZ_FILE:-$(BUILD)/quiz.txt}";
# Ctrl-C: the program prints its line and ends; then make ends by the same signal, without a line of its own.
CALM    = stopped=; trap 'stopped=1' INT; $(KEPT)
CALMLY  = ; status=$$?; [ $$status -ne 130 ] || stopped=1; \
          [ $$status -eq 0 ] || [ -z "$$stopped" ] || { kill -INT $$PPID; exit 0; }; exit $$status
STUDENT = @EXERCISE_CC='$(CC) $(ALL_CFLAGS)' sh tests/student.sh $(BUILD)

.DEFAULT_GOAL := all
include tests/build.mk tests/check.mk

all: $(PROGRAMS) ## build everything (the same as `make`)
	$(STUDENT) give

# ---- what students run ----------------------------------------------------------------------------------------------

help: ## this list
	@. tests/fit.sh; { awk -F ':.*## ' '/^[a-z].*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile; \
	printf '  make %-12s %s\n' lesson-NN 'run a lesson; ARGS="--help" lists its options' \
	    ex-NN 'check your exercise NN, exercises/NN-name.c' hint-NN 'the next of three hints' \
	    reset-NN 'the exercise as it was; yours is kept' solution-NN 'how we did it, when you have' \
	    check 'all tests, the lessons, your exercises: the verdict' help-dev 'what maintainers use'; } | fit

run: all ## the main job: train the small CLIP on CIFAR-10, classify its test pictures from text alone
	@. tests/fit.sh; sh data/fetch.sh $(BUILD) || { test ! -e data/cifar-10-batches-bin && \
	    tell "No CIFAR-10 here: the lessons go on with generated shapes."; }
	@$(CALM) $(BUILD)/lesson-10 --resume --backup-other --no-predict $(CALMLY)
	@$(CALM) $(BUILD)/lesson-11 --recipe quick --no-predict $(CALMLY)

train-full: $(BUILD)/lesson-10 ## 94 % on CIFAR-10 with views (93 % plain): 15 to 36 minutes; resumes
	@$(CALM) $(BUILD)/lesson-10 --recipe full --data cifar --resume --backup-other $(ARGS) $(CALMLY)

list: ## the lessons and exercises, and how far you are
	$(STUDENT) list

quiz: ## the questions of the lessons; ARGS="05 08" for these lessons, ARGS=missed
	@$(CALM) sh lessons/quiz.sh $(ARGS) $(CALMLY)

data: $(BUILD)/cifar-check $(BUILD)/cifar-from-png ## fetch CIFAR-10 (170 MB) and verify it
	@sh data/fetch.sh $(BUILD)

pretrained: $(BUILD)/sha256 ## fetch CLIP's published weights (1.2 GB) and verify them; MODELS="laion openai large"
	@sh data/pretrained.sh $(BUILD)

photos: $(BUILD)/sha256 ## fetch five photographs from Wikimedia Commons for lesson 19
	@sh data/photos.sh $(BUILD)

emoji: $(BUILD)/sha256 ## fetch the pictures of lesson 27 (12 MB) and verify them
	@sh data/emoji.sh $(BUILD)

plots: ## draw every picture again, from the data that the lessons wrote
	@$(KEPT) sh plots/draw.sh

limits: $(BUILD)/lesson-17 $(BUILD)/lesson-18 ## the tables of lessons 17 and 18, five seeds: 45 minutes; resumes
	@$(CALM) $(BUILD)/lesson-17 --all --no-predict $(CALMLY)
	@$(CALM) $(BUILD)/lesson-18 --all --no-predict $(CALMLY)

scale: $(BUILD)/lesson-20 $(BUILD)/lesson-21 $(BUILD)/lesson-22 $(BUILD)/lesson-23 ## the tables of lessons 20 to 23, three seeds: 20 minutes; resumes
	@$(KEPT) $(BUILD)/lesson-20 --all --no-predict
	@$(KEPT) $(BUILD)/lesson-21 --all --no-predict
	@$(KEPT) $(BUILD)/lesson-22 --all --no-predict
	@$(KEPT) $(BUILD)/lesson-23 --all --no-predict

generate: $(BUILD)/lesson-24 $(BUILD)/lesson-25 $(BUILD)/lesson-26 ## networks and tables of lessons 24 to 26: two hours; resumes
	@$(CALM) $(BUILD)/lesson-24 --all --no-predict --date "$$(date +%F)" $(CALMLY)
	@$(CALM) $(BUILD)/lesson-25 --all --no-predict --date "$$(date +%F)" $(CALMLY)
	@$(CALM) $(BUILD)/lesson-26 --all --no-predict --date "$$(date +%F)" $(CALMLY)

bench: $(BUILD)/bench ## measure speed; NAMES="gemm-1024 train-resnet9" for some; ARGS="--json --compare FILE"
	@$(BUILD)/bench $(NAMES) $(ARGS)

# Lesson 10 replaces a model of its own; run by make it keeps what was trained, as the other lessons do.
$(LESSONS:%=lesson-%): lesson-%: $(BUILD)/lesson-%
	@$(CALM) $(BUILD)/lesson-$* $(if $(filter 10,$*),--resume --backup-other) $(ARGS) $(CALMLY)
	@sh tests/student.sh $(BUILD) ran $* || true

# A wrong answer is no error of make's. With one goal, make is ended by a signal that nobody reports, instead of printing
# "make: *** Error 1"; the status is not 0 either way. With several goals the others go on.
QUIET_END = || { $(if $(word 2,$(MAKECMDGOALS)),,kill -PIPE $$PPID;) exit 1; }

$(NUMBERS:%=ex-%): ex-%: $(BUILD)/libclip.a $(EXAM_OBJECTS) $(BUILD)/obj/tests/exercises/ex%.o
	$(STUDENT) ex $* $(QUIET_END)

next: $(BUILD)/libclip.a $(EXAMS) ## check the first exercise that is not done
	$(STUDENT) next $(QUIET_END)

watch: $(BUILD)/libclip.a $(EXAMS) ## check an exercise whenever you save it
	@$(CALM) EXERCISE_CC='$(CC) $(ALL_CFLAGS)' sh tests/student.sh $(BUILD) watch $(CALMLY)

$(NUMBERS:%=hint-%): hint-%:
	$(STUDENT) hint $*

$(NUMBERS:%=reset-%): reset-%:
	$(STUDENT) reset $*

$(NUMBERS:%=solution-%): solution-%:
	$(STUDENT) solution $* $(QUIET_END)

mine: $(BUILD)/libclip.a $(BUILD)/lesson-11 $(EXAMS) $(MINE) ## lesson 11 on your own functions
	@$(KEPT) EXERCISE_CC='$(CC) $(ALL_CFLAGS)' ARGS='$(ARGS)' sh tests/student.sh $(BUILD) mine '$(MINE)' $(QUIET_END)

grade: $(BUILD)/libclip.a $(EXAMS) ## marks: build/grade.json; POINTS=file EXAM=dir ARGS="--junit --csv --gradescope --classroom50"
	@EXERCISE_CC='$(CC) $(ALL_CFLAGS)' POINTS='$(POINTS)' EXAM='$(EXAM)' sh tests/grade.sh $(BUILD) $(ARGS)

clean: ## remove what was built; what you made stays
	@sh tests/clean.sh $(BUILD)

.PHONY: all help run train-full list quiz data pretrained photos emoji plots limits scale generate bench next watch mine grade clean \
        $(LESSONS:%=lesson-%) $(foreach n,$(NUMBERS),ex-$(n) hint-$(n) reset-$(n) solution-$(n))

