# The toolkit builds with `make` and nothing else; `make help` lists what there is. Variables, on the command line:
#   BUILD=dir   where everything built goes              NATIVE=0   for any processor of this kind, not just this one
#   SAN=1       address and undefined sanitizers         CC=clang   another compiler
#   V=1         every command in full
#   ARGS="..."  words for the lesson that is run         NAMES="..." which figures `make bench` prints

comma  := ,
SAN    ?= 0
NATIVE ?= 1
BUILD  ?= $(if $(filter 1,$(SAN)),build/san,build)
OPT    ?= $(if $(filter 1,$(SAN)),-O2 -fsanitize=address$(comma)undefined -fno-sanitize-recover=all -DDEBUG,-O3)

# As many files at a time as there are processors, unless -j says otherwise.
# INNER=1: this is a make within a make, which shares out its own.
ifeq ($(filter -j% --jobs%,$(MAKEFLAGS))$(INNER),)
MAKEFLAGS += -j$(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),2)
endif

# The compiler itself says which spelling of "this processor" it knows (-mcpu=native: some arm64 compilers).
can     = $(shell $(CC) $(1) -E -x c /dev/null >/dev/null 2>&1 && echo $(1))
ARCH   ?= $(if $(filter 1,$(NATIVE)),$(or $(call can,-march=native),$(call can,-mcpu=native)))
ARCH   := $(ARCH)

# gcc 12 for arm64 breaks down over loops of fmax ("internal compiler error"): where it does, they stay calls.
FMAX_LOOP := double fmax(double, double); double f(const float *a) { double m = 0; for (int i = 0; i < 64; i++) m = fmax(m, a[i]); return m; }
MENDED    := $(if $(filter aarch64% arm64%,$(shell $(CC) -dumpmachine 2>/dev/null)),$(shell echo '$(FMAX_LOOP)' | \
             $(CC) -std=c11 -O3 -x c -S -o - - >/dev/null 2>&1 || echo -fno-builtin-fmax -fno-builtin-fmin))

CFLAGS ?= -g
ALL_CFLAGS = -std=c11 -D_DEFAULT_SOURCE -D_DARWIN_C_SOURCE -Wall -Wextra -Wpedantic $(OPT) $(ARCH) \
             -ffp-contract=off -fno-math-errno $(MENDED) -pthread -MMD -MP $(CFLAGS)
LDLIBS = -lm -pthread

# One short line for each file that is built; V=1 shows the commands.
quiet   = $(if $(filter 1,$(V)),,@echo "  $(1) $@" && )

# Kernel files may fuse a multiplication and an addition into one rounding; everywhere else C means what it says.
KERNELS := gemm conv winograd vecmath attention

LIB     := $(patsubst lib/%.c,%,$(wildcard lib/*.c))
LESSONS := $(patsubst lessons/%/main.c,%,$(wildcard lessons/*/main.c))
TESTS   := $(patsubst tests/test_%.c,%,$(wildcard tests/test_*.c))
TOOLS   := $(patsubst tests/tools/%.c,%,$(wildcard tests/tools/*.c))
MAKERS  := $(patsubst data/%.c,%,$(wildcard data/*.c))
number   = $(firstword $(subst -, ,$(1)))
NUMBERS := $(foreach l,$(LESSONS),$(call number,$(l)))

LESSON_BINARIES := $(NUMBERS:%=$(BUILD)/lesson-%)
TEST_BINARIES   := $(TESTS:%=$(BUILD)/test-%) $(BUILD)/test-oracle-double
TOOL_BINARIES   := $(TOOLS:%=$(BUILD)/%)
MAKER_BINARIES  := $(MAKERS:%=$(BUILD)/%)

# What every object depends on, beside its source.
MADE_WITH := Makefile $(BUILD)/made-with

EXERCISES    := $(patsubst exercises/original/%.c,%,$(wildcard exercises/original/[0-9][0-9]-*.c))
EXERCISE_NNS := $(foreach e,$(EXERCISES),$(call number,$(e)))
EXAM_OBJECTS := $(patsubst %,$(BUILD)/obj/tests/exercises/%.o,exam exam_shapes exam_run)
EXAMS        := $(EXAM_OBJECTS) $(EXERCISE_NNS:%=$(BUILD)/obj/tests/exercises/ex%.o)
STUDENT       = @EXERCISE_CC='$(CC) $(ALL_CFLAGS)' sh tests/student.sh $(BUILD)

all: $(LESSON_BINARIES) $(TOOL_BINARIES) $(MAKER_BINARIES) ## build everything (the same as `make`)
	$(STUDENT) give

# ---- what students run ----------------------------------------------------------------------------------------------

# In a tree that cannot be written to, what lessons and quiz leave goes where everything built goes (and so do the
# exercises: tests/student.sh).
KEPT = test -w data || export CLIP_MODELS="$${CLIP_MODELS:-$(BUILD)/models}" CLIP_PLOTS="$${CLIP_PLOTS:-$(BUILD)/plots}" \
    QUIZ_FILE="$${QUIZ_FILE:-$(BUILD)/quiz.txt}";

help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-zA-Z-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@printf '  make %-12s %s\n' lesson-NN 'run a lesson; ARGS="--help" lists its options' \
	    ex-NN 'check your exercise NN, exercises/NN-name.c' hint-NN 'the next of three hints' \
	    reset-NN 'the exercise as it was; yours is kept' solution-NN 'how we did it, when you have'

run: all ## the main job: train the small CLIP on CIFAR-10, classify its test pictures from text alone
	@sh data/fetch.sh $(BUILD) || { test ! -e data/cifar-10-batches-bin && \
	    echo "No CIFAR-10 here: the lessons go on with generated shapes."; }
	@$(KEPT) $(BUILD)/lesson-10 --resume --keep --no-predict
	@$(KEPT) $(BUILD)/lesson-11 --recipe quick --no-predict

train-full: $(BUILD)/lesson-10 ## 94 % on CIFAR-10 from random weights, in a quarter of an hour; stopped, it goes on from the last epoch
	@$(KEPT) $(BUILD)/lesson-10 --recipe full --data cifar --resume --keep $(ARGS)

list: ## the lessons and exercises there are, and how far you are
	@echo Lessons
	@for page in lessons/*/README.md; do sed -n '1s/^# */  /p' "$$page"; done
	$(STUDENT) list

quiz: ## the lessons' questions, asked until you know them; ARGS="05 08" for these lessons, ARGS=missed
	@$(KEPT) sh lessons/quiz.sh $(ARGS)

data: $(BUILD)/cifar-check $(BUILD)/cifar-from-png ## fetch CIFAR-10 (170 MB) and verify it
	@sh data/fetch.sh $(BUILD)

pretrained: $(BUILD)/sha256 ## fetch CLIP's published weights (1.2 GB) and verify them; MODELS="laion openai large"
	@sh data/pretrained.sh $(BUILD)

plots: ## draw every picture anew, from the data the lessons wrote
	@$(KEPT) sh plots/draw.sh

limits: $(BUILD)/lesson-17 $(BUILD)/lesson-18 ## the tables of lessons 17 and 18, five seeds: three quarters of an hour; what is there is kept, and stopped, it goes on
	@$(KEPT) $(BUILD)/lesson-17 --all --no-predict
	@$(KEPT) $(BUILD)/lesson-18 --all --no-predict

bench: $(BUILD)/bench ## measure speed; NAMES="gemm-1024 train-resnet9" for some figures only
	@$(BUILD)/bench $(NAMES)

$(NUMBERS:%=lesson-%): lesson-%: $(BUILD)/lesson-%
	@$(KEPT) $(BUILD)/lesson-$* $(ARGS)

# A wrong answer is no error of make's: it is ended by a signal that nobody reports, instead of "make: *** Error 1". The
# status is not 0 either way. With several goals the others go on.
QUIET_END = || { $(if $(word 2,$(MAKECMDGOALS)),,kill -PIPE $$PPID;) exit 1; }

# ---- exercises: tests/student.sh does the work ------------------------------------------------------------------------

$(EXERCISE_NNS:%=ex-%): ex-%: $(BUILD)/libclip.a $(EXAM_OBJECTS) $(BUILD)/obj/tests/exercises/ex%.o
	$(STUDENT) ex $* $(QUIET_END)

next: $(BUILD)/libclip.a $(EXAMS) ## check the first exercise that is not done
	$(STUDENT) next $(QUIET_END)

watch: $(BUILD)/libclip.a $(EXAMS) ## check an exercise whenever you save it
	$(STUDENT) watch

$(EXERCISE_NNS:%=hint-%): hint-%:
	$(STUDENT) hint $*

$(EXERCISE_NNS:%=reset-%): reset-%:
	$(STUDENT) reset $*

$(EXERCISE_NNS:%=solution-%): solution-%:
	$(STUDENT) solution $*

# Lesson 11 on the student's functions (exercises/mine.c). The files whose functions are replaced are compiled once more,
# with these under the name library_...; the rest of the library is as it is.
REPLACED := mat_normalise_rows softmax_row conv_forward text_tower zeroshot_classes zeroshot_scores metrics_argmax
MINE     := $(BUILD)/obj/lessons/11-classify.o \
            $(patsubst %,$(BUILD)/obj/mine/%.o,mine mat softmax conv text_tower zeroshot metrics)

$(BUILD)/obj/mine/mine.o: exercises/mine.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/mine/%.o: lib/%.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) $(foreach f,$(REPLACED),-D$(f)=library_$(f)) -c -o $@ $<

mine: $(BUILD)/libclip.a $(BUILD)/lesson-11 $(EXAMS) $(MINE) ## lesson 11 on your own functions
	@$(KEPT) EXERCISE_CC='$(CC) $(ALL_CFLAGS)' ARGS='$(ARGS)' sh tests/student.sh $(BUILD) mine '$(MINE)'

grade: $(BUILD)/libclip.a $(EXAMS) ## marks for all exercises: build/grade.json; POINTS=file EXAM=dir; ARGS="--junit" --csv --gradescope --classroom50
	@EXERCISE_CC='$(CC) $(ALL_CFLAGS)' POINTS='$(POINTS)' EXAM='$(EXAM)' sh tests/grade.sh $(BUILD) $(ARGS)

# ---- checks -----------------------------------------------------------------------------------------------------------

SCRIPTS := $(wildcard $(patsubst %,tests/%.sh,crash exercises faults fetch pretrained checkers lesson19 harness package pages quiz shapes threads train))
# Lesson 11 needs the model of lesson 10: tests/train.sh runs the one after the other.
CHECKED := $(filter-out %/lesson-11,$(LESSON_BINARIES))

check: all faulty $(TEST_BINARIES) $(BUILD)/fuzz $(EXAMS) $(MINE) ## all tests, the lessons against their expectations, your exercises
	@failed=0; EXERCISE_CC='$(CC) $(ALL_CFLAGS)' LIMIT=$(or $(LIMIT),$(if $(filter 1,$(SAN)),600,120)) sh tests/run.sh $(BUILD) $(SCRIPTS) $(TEST_BINARIES) $(BUILD)/fuzz $(CHECKED) || failed=1; echo; \
	    EXERCISE_CC='$(CC) $(ALL_CFLAGS)' sh tests/student.sh $(BUILD) table || failed=1; exit $$failed

# The readers of foreign bytes, given garbage (tests/fuzz): by our own driver, or by clang's libFuzzer, which sees what code runs.
SECONDS  ?= 60
FUZZ     := $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %/drive.c,$(wildcard tests/fuzz/*.c)))
FUZZ_SAN  = $(if $(filter 1,$(SAN)),$(BUILD),$(BUILD)/san)
LIBFUZZER = $(MAKE) -s CC=clang BUILD=$(BUILD)/libfuzzer OPT='-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -DDEBUG'

fuzz: ## feed every reader garbage under the sanitizers; SECONDS=60 in all, NAMES="png json" for some
	@$(MAKE) -s SAN=1 BUILD=$(FUZZ_SAN) $(FUZZ_SAN)/fuzz
	@$(FUZZ_SAN)/fuzz --seconds $(SECONDS) $(NAMES)

libfuzzer: ## the same by clang's libFuzzer
	@$(LIBFUZZER) $(BUILD)/libfuzzer/fuzz
	@$(LIBFUZZER) `sh tests/fuzz/libfuzzer.sh $(BUILD)/libfuzzer names $(NAMES)`
	@sh tests/fuzz/libfuzzer.sh $(BUILD)/libfuzzer $(SECONDS) $(NAMES)

$(BUILD)/fuzz: $(BUILD)/obj/tests/fuzz/drive.o $(FUZZ) $(BUILD)/libclip.a
	$(call quiet,link   )$(LINK)

$(BUILD)/obj/fuzz-one/%.o: tests/fuzz/drive.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) -DFUZZ_ONE=$* -c -o $@ $<

$(BUILD)/fuzz-%: $(BUILD)/obj/fuzz-one/%.o $(FUZZ) $(BUILD)/libclip.a
	$(call quiet,link   )$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

# ---- the long half of the checks: tests/README.md says what each is for and how long it takes ---------------------------

DIST := clip-from-scratch

dist: $(BUILD)/tarball ## the project as one file; the same bytes on every machine
	@if [ -e .git ]; then git ls-files; else cat MANIFEST; fi >$(BUILD)/MANIFEST
	@$(BUILD)/tarball $(BUILD)/$(DIST).tar.gz $(DIST) $(BUILD)/MANIFEST

lint: ## what gcc -fanalyzer, clang-tidy, cppcheck and shellcheck find; NAMES="lib/png.c tests/run.sh" for some files
	@sh tests/lint.sh $(BUILD) $(NAMES)

package: all $(EXAMS) $(MINE) ## unpacks the tarball, builds it in a path with spaces and in a tree that cannot be written to, and checks it
	@sh tests/package.sh $(BUILD) long

elsewhere: ## make check with gcc and clang, -O0 to -O3, for portable processors, for arm64; NAMES="gcc-O2-haswell" for some
	@sh tests/elsewhere.sh $(BUILD)/elsewhere $(NAMES)

coverage: ## what lines and branches of lib/ the checks run, by gcov
	@find $(BUILD)/coverage -name '*.gcda' -exec rm -f {} + 2>/dev/null; true
	@$(MAKE) -s CC=gcc BUILD=$(BUILD)/coverage COVERAGE=1 OPT='-O1 --coverage -include tests/coverage.h' CFLAGS= \
	    LIMIT=$(or $(LIMIT),900) check
	@sh tests/coverage.sh $(BUILD)/coverage

mutants: ## break lib/ one line at a time and want the tests to see it; NAMES="png json" for some files
	@sh tests/mutants.sh $(BUILD) $(NAMES)

check-all: ## make check and everything that takes longer: hours
	@sh tests/check-all.sh $(BUILD)

.PHONY: faulty faults crash threads
# Programs whose calls can be made to fail: tests/faults.h in front of every file.
FAULTY = lesson-09 lesson-10 lesson-11 lesson-13 lesson-19 cifar-from-png cifar-check check-image check-bpe check-table
faulty:
	+@$(MAKE) --no-print-directory INNER=1 BUILD=$(BUILD)/faults \
	    OPT='$(if $(filter 1,$(SAN) $(COVERAGE)),$(OPT),-O1) -include tests/faults.h' $(FAULTY:%=$(BUILD)/faults/%)

faults: ## every call that can fail fails in turn, in training, loading and tools; with the sanitizers
	+@$(MAKE) --no-print-directory INNER=1 SAN=1 BUILD=$(BUILD)/san faulty
	@sh tests/faults.sh $(BUILD)/san all

crash: all faulty ## kill -9 at 200 moments of a training, and at every write; KILLS=n
	@sh tests/crash.sh $(BUILD) $(or $(KILLS),200)

RACED = base gemm vecmath conv attention ops token_ops softmax loss image train limit_table
threads: all ## the same bytes for 1, 2, 3 and 8 threads; no data race (thread sanitizer)
	@sh tests/threads.sh $(BUILD) all
	+@$(MAKE) --no-print-directory INNER=1 BUILD=$(BUILD)/tsan OPT='-O1 -fsanitize=thread' \
	    $(RACED:%=$(BUILD)/tsan/test-%) $(BUILD)/tsan/lesson-10 $(BUILD)/tsan/lesson-11
	@sh tests/races.sh $(BUILD)/tsan $(RACED)

clean: ## remove what was built
	rm -rf $(BUILD)

# ---- building ---------------------------------------------------------------------------------------------------------

# remember WORDS: the target holds these words and is written anew when they change; what was made with others is then made
# again. So CFLAGS, CC, NATIVE or a new compiler need no `make clean`, and a file taken from lib/ is gone from the library.
remember = @mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(1))' >$@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(BUILD)/made-with: FORCE
	$(call remember,$(CC) $(ALL_CFLAGS) $(LDLIBS) $(shell $(CC) --version 2>/dev/null | head -n 1))
$(BUILD)/made-of: FORCE
	$(call remember,$(LIB))
FORCE:

$(BUILD)/libclip.a: $(LIB:%=$(BUILD)/obj/%.o) $(BUILD)/made-of
$(BUILD)/libclip64.a: $(LIB:%=$(BUILD)/obj64/%.o) $(BUILD)/made-of
%.a:
	@rm -f $@
	$(call quiet,archive)$(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/obj/%.o: lib/%.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) $(if $(filter $*,$(KERNELS)),-ffp-contract=fast) -c -o $@ $<

# The same library in double precision, for the gradient checks.
$(BUILD)/obj64/%.o: lib/%.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) -DNUM=double -c -o $@ $<

$(BUILD)/obj/tests/%.o: tests/%.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj64/tests/%.o: tests/%.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) -DNUM=double -c -o $@ $<

$(BUILD)/obj/data/%.o: data/%.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/lessons/%.o: lessons/%/main.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj64/lessons/%.o: lessons/%/main.c $(MADE_WITH)
	@mkdir -p $(@D)
	$(call quiet,compile)$(CC) $(ALL_CFLAGS) -DNUM=double -c -o $@ $<

LINK = $(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

# test-gradients is double precision throughout; test-oracle is there in both.
$(BUILD)/test-oracle-double: $(BUILD)/obj64/tests/test_oracle.o $(BUILD)/obj64/tests/check.o $(BUILD)/libclip64.a
	$(call quiet,link   )$(LINK)
$(BUILD)/test-gradients: $(BUILD)/obj64/tests/test_gradients.o $(BUILD)/obj64/tests/check.o $(BUILD)/libclip64.a
	$(call quiet,link   )$(LINK)

$(filter-out %/test-gradients %/test-oracle-double,$(TEST_BINARIES)): $(BUILD)/test-%: $(BUILD)/obj/tests/test_%.o $(BUILD)/obj/tests/check.o $(BUILD)/libclip.a
	$(call quiet,link   )$(LINK)

$(filter-out %/check-train,$(TOOL_BINARIES)): $(BUILD)/%: $(BUILD)/obj/tests/tools/%.o $(BUILD)/libclip.a
	$(call quiet,link   )$(LINK)

$(MAKER_BINARIES): $(BUILD)/%: $(BUILD)/obj/data/%.o $(BUILD)/libclip.a
	$(call quiet,link   )$(LINK)

# The references of training were computed in double, and AdamW divides by gradients that may be all noise: check-train
# makes its steps in double too. check-train-single makes them in float; what cannot be asked of float is said there.
MODEL_LIB := base rng thread mat stored profile tape gradcheck vecmath gemm conv winograd attention op_basic op_matmul op_act op_conv op_norm op_token \
             op_attention op_lstm op_softmax softmax loss params layer transformer image_tower image_vit image_modified image_scene eigen text text_tower \
             json safetensors clip optim
$(BUILD)/check-train: $(BUILD)/obj64/tests/tools/check-train.o $(MODEL_LIB:%=$(BUILD)/obj64/%.o)
	$(call quiet,link   )$(LINK)
$(BUILD)/check-train-single: $(BUILD)/obj/tests/tools/check-train.o $(BUILD)/libclip.a
	$(call quiet,link   )$(LINK)
all: $(BUILD)/check-train-single

# The lessons by hand are computed in double, to show the digits of a pocket calculator. They need little of the library;
# all of it in double would take as long again to build.
BY_HAND     := 01 02 03 04 06 07
HAND_LIB    := base rng mat softmax options term figure draw draw_lines draw_graph draw_motion plot plot_write plot_graph \
               plot_motion lesson thread stored gemm vecmath gradcheck profile tape op_basic op_matmul op_norm op_softmax loss graph
by_hand     = $(filter $(BY_HAND),$(call number,$(1)))
from_double = $(BUILD)/obj64/lessons/$(1).o $(HAND_LIB:%=$(BUILD)/obj64/%.o)
from_num    = $(BUILD)/obj/lessons/$(1).o $(BUILD)/libclip.a

define lesson_rule
$(BUILD)/lesson-$(call number,$(1)): $(if $(call by_hand,$(1)),$(call from_double,$(1)),$(call from_num,$(1)))
	$$(call quiet,link   )$$(LINK)
endef
$(foreach l,$(LESSONS),$(eval $(call lesson_rule,$(l))))

-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj64/*.d $(BUILD)/obj/*/*.d $(BUILD)/obj64/*/*.d $(BUILD)/obj/*/*/*.d)

.PHONY: FORCE all help run train-full list quiz data pretrained plots limits bench check fuzz libfuzzer dist lint package elsewhere coverage mutants check-all clean $(NUMBERS:%=lesson-%) next watch mine grade \
        $(foreach n,$(EXERCISE_NNS),ex-$(n) hint-$(n) reset-$(n) solution-$(n))
.SECONDARY:
.DELETE_ON_ERROR:
