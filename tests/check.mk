# The checks, and what else maintainers run. `make help-dev` lists the targets; tests/README.md says what each is for.

SECONDS  := 60
KILLS    := 200
LIMIT    := $(if $(filter 1,$(SAN)),600,120)

help-dev: #- this list
	@. tests/fit.sh; awk -F ':.*#- ' '/^[a-z].*:.*#- / { printf "  make %-13s %s\n", $$1, $$2 }' tests/check.mk | fit

# ---- what is built for the checks -----------------------------------------------------------------------------------

# What lessons keep beside their main.c, for the tests.
MODULES := $(patsubst %.c,%.o,$(filter-out %/main.c,$(wildcard lessons/*/*.c)))
$(BUILD)/liblessons.a: $(MODULES:%=$(BUILD)/obj/%) $(BUILD)/made-of
	$(ARCHIVE)
$(BUILD)/liblessons64.a: $(MODULES:%=$(BUILD)/obj64/%) $(BUILD)/made-of
	$(ARCHIVE)

SINGLE := $(filter-out $(BUILD)/test-gradients,$(patsubst tests/test_%.c,$(BUILD)/test-%,$(wildcard tests/test_*.c)))
TESTS  := $(SINGLE) $(BUILD)/test-gradients $(BUILD)/test-oracle-double
LIBS   := $(BUILD)/liblessons.a $(BUILD)/libclip.a
$(SINGLE): $(BUILD)/test-%: $(BUILD)/obj/tests/test_%.o $(BUILD)/obj/tests/check.o $(LIBS)
	$(LINK)
# In double throughout; test-oracle is there in both.
$(BUILD)/test-gradients: $(BUILD)/obj64/tests/test_gradients.o
$(BUILD)/test-oracle-double: $(BUILD)/obj64/tests/test_oracle.o
DOUBLE := $(BUILD)/obj64/tests/check.o $(BUILD)/liblessons64.a $(BUILD)/libclip64.a
$(BUILD)/test-gradients $(BUILD)/test-oracle-double: $(DOUBLE)
	$(LINK)

# The references of training were computed in double, and AdamW divides by gradients that may be all rounding noise:
# check-train makes its steps in double too. check-train-single makes them in float and says what float cannot show.
TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/%,$(wildcard tests/tools/*.c))
$(filter-out %/check-train,$(TOOLS)): $(BUILD)/%: $(BUILD)/obj/tests/tools/%.o $(LIBS)
	$(LINK)
$(BUILD)/check-train: $(BUILD)/obj64/tests/tools/check-train.o $(BUILD)/libclip64.a
	$(LINK)
$(BUILD)/check-train-single: $(BUILD)/obj/tests/tools/check-train.o $(BUILD)/libclip.a
	$(LINK)

# The benchmark.
$(BUILD)/bench: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/bench/*.c)) $(BUILD)/libclip.a
	$(LINK)

# The readers of foreign bytes, given garbage (tests/fuzz).
FUZZ := $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %/drive.c,$(wildcard tests/fuzz/*.c)))
$(BUILD)/fuzz: $(BUILD)/obj/tests/fuzz/drive.o $(FUZZ) $(LIBS)
	$(LINK)

# ---- make check -----------------------------------------------------------------------------------------------------

CODE    := $(wildcard lib/*/*.[ch] lessons/*/*.[ch] data/*.c tests/*.[ch] tests/tools/*.c tests/bench/*.[ch] tests/fuzz/*.[ch] \
           tests/exercises/*.[ch] exercises/*.[ch] exercises/original/*.c solutions/*.c)
# Lesson 11 needs the model of lesson 10: tests/train.sh runs the one after the other.
CHECKED := $(filter-out %/lesson-11,$(LESSONS:%=$(BUILD)/lesson-%))
JOBS    := 2
RUN      = EXERCISE_CC='$(CC) $(ALL_CFLAGS)' LIMIT=$(LIMIT) JOBS=$(JOBS) sh tests/run.sh $(BUILD)

# The student's exercises are checked first; their table is what is printed last.
check: all $(TESTS) $(EXAMS)
	@failed=0; EXERCISE_CC='$(CC) $(ALL_CFLAGS)' $(BUILD)/limit $(LIMIT) $(LIMIT)0 $(BUILD)/table.took \
	    sh tests/student.sh $(BUILD) table >$(BUILD)/table.txt || failed=1; \
	    EARLIER=$(BUILD)/table.took BUDGET=60 WORK=check $(RUN) $(CHECKED) $(TESTS) || failed=1; \
	    echo; . tests/fit.sh; fit <$(BUILD)/table.txt; exit $$failed

# What make check runs, without running it.
tests: all $(TESTS) $(EXAMS)

SCRIPTS := $(patsubst %,tests/%.sh,crash emoji exercises faults fetch pretrained photos checkers lesson19 pairs harness \
           make outputs package pages path quiz shapes style threads train vectors width)
LONG    := $(patsubst tests/test_%.c,$(BUILD)/test-%,$(shell grep -lE '^TEST\(.*_long\)' tests/test_*.c))
LONG_RUNS := $(wildcard lessons/*/expected-long.txt)
check-dev: all faulty $(TESTS) $(BUILD)/fuzz $(EXAMS) $(MINE) #- what make check leaves out: five minutes
	@CHECK_ALL=1 CHECK_LONG=only EARLIER= BUDGET= WORK=check-dev $(RUN) $(SCRIPTS) $(BUILD)/rooms $(LONG) \
	    $(LONG_RUNS) $(BUILD)/fuzz

# ---- the long checks ------------------------------------------------------------------------------------------------

FUZZ_SAN := $(if $(filter 1,$(SAN)),$(BUILD),$(BUILD)/san)
fuzz: #- feed every reader garbage under the sanitizers; SECONDS=60 in all, NAMES="png json" for some
	@$(MAKE) -s SAN=1 BUILD=$(FUZZ_SAN) $(FUZZ_SAN)/fuzz
	@$(FUZZ_SAN)/fuzz --seconds $(SECONDS) $(NAMES)

LIBFUZZER = $(MAKE) -s CC=clang BUILD=$(BUILD)/libfuzzer \
            OPT='-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -DDEBUG'
libfuzzer: #- the same by clang's libFuzzer, which is led by the code it reaches
	@$(LIBFUZZER) $(BUILD)/libfuzzer/fuzz
	@$(LIBFUZZER) `sh tests/fuzz/libfuzzer.sh $(BUILD)/libfuzzer names $(NAMES)`
	@sh tests/fuzz/libfuzzer.sh $(BUILD)/libfuzzer $(SECONDS) $(NAMES)

$(BUILD)/obj/fuzz-one/%.o: DEFINE = -DFUZZ_ONE=$*
$(BUILD)/obj/fuzz-one/%.o: tests/fuzz/drive.c $(MADE)
	$(COMPILE)
$(BUILD)/fuzz-%: CFLAGS += -fsanitize=fuzzer
$(BUILD)/fuzz-%: $(BUILD)/obj/fuzz-one/%.o $(FUZZ) $(LIBS)
	$(LINK)

DIST := clip-from-scratch
dist: $(BUILD)/tarball #- the project as one file; the same bytes on every machine
	@sh tests/manifest.sh >$(BUILD)/MANIFEST
	@$(BUILD)/tarball $(BUILD)/$(DIST).tar.gz $(DIST) $(BUILD)/MANIFEST
	@$(BUILD)/tarball $(BUILD)/$(DIST)-$(VERSION).tar.gz $(DIST)-$(VERSION) $(BUILD)/MANIFEST

# Without our answers and without the list of mistakes that tests/exercises.sh plants.
dist-students: $(BUILD)/tarball #- the same without solutions/, for a class
	@sh tests/manifest.sh >$(BUILD)/MANIFEST
	@grep -v -e '^solutions/' -e '^tests/exercises/mutants.txt$$' $(BUILD)/MANIFEST >$(BUILD)/MANIFEST.students
	@$(BUILD)/tarball $(BUILD)/$(DIST)-students.tar.gz $(DIST) $(BUILD)/MANIFEST.students

# Programs for any processor of this kind, unless NATIVE is on the command line.
PREFIX   ?= /usr/local
PORTABLE := $(BUILD)/portable
INSTALL   = VERSION='$(VERSION)' PREFIX='$(subst ','\'',$(PREFIX))' DESTDIR='$(subst ','\'',$(DESTDIR))' sh tests/install.sh
install: #- library, headers, lessons, checkers, man page; PREFIX=/usr/local DESTDIR=
	+@$(MAKE) --no-print-directory NATIVE=$(if $(findstring command,$(origin NATIVE)),$(NATIVE),0) BUILD=$(PORTABLE) programs
	@$(INSTALL) $(PORTABLE)
programs: $(PROGRAMS)
uninstall: #- removes what make install has put there
	@$(INSTALL) --remove

book: #- all pages as one HTML file that needs no network, build/book.html; needs pandoc
	@sh tests/book.sh $(BUILD)

check-exercises: all $(EXAMS) $(MINE) #- every known mistake in every exercise, with other seeds (a part of check-dev)
	@CHECK_ALL=1 EXERCISE_CC='$(CC) $(ALL_CFLAGS)' sh tests/exercises.sh $(BUILD)

bless: all #- expectations of lessons made again from a run; NAMES="05 12"
	@sh tests/bless.sh $(BUILD) $(NAMES)

rooms: $(BUILD)/rooms #- draw the rooms of lib/ again, for lib/README.md, after an #include between rooms has changed
	@$(BUILD)/rooms --picture && cp plots/out/rooms.png plots/gallery/

format: #- lay out every C file as .clang-format says (clang-format 14)
	@clang-format -i $(CODE)

lint: $(BUILD)/style $(BUILD)/rooms #- rules of layout; four analysers of source; NAMES="FILE ..."
	@sh tests/lint.sh $(BUILD) $(NAMES)

package: all $(EXAMS) $(MINE) #- unpacks the tarball, builds it where packagers do, and checks it
	@sh tests/package.sh $(BUILD) long

elsewhere: #- make check with gcc and clang, -O0 to -O3, for portable processors, for arm64; NAMES="gcc-O2-haswell"
	@sh tests/elsewhere.sh $(BUILD)/elsewhere $(NAMES)

# Of make check-dev, what takes little time and runs lines that make check does not.
COVERED := tests/pairs.sh $(patsubst %,$(BUILD)/%,fuzz test-picture_model test-pretrained test-result_table \
           test-train_pairs)
covered: all faulty $(TESTS) $(BUILD)/fuzz
	@CHECK_LONG=only EARLIER= BUDGET= WORK=covered $(RUN) $(COVERED)

coverage: #- what lines and branches of lib/ the checks run, by gcov
	@find $(BUILD)/coverage -name '*.gcda' -exec rm -f {} + 2>/dev/null; true
	@$(MAKE) -s CC=gcc BUILD=$(BUILD)/coverage COVERAGE=1 CFLAGS= LIMIT=900 \
	    OPT='-O2 --coverage -include tests/coverage.h' check covered
	@sh tests/coverage.sh $(BUILD)/coverage

mutants: #- break lib/ one line at a time; the tests must see it; NAMES="png json" for some files
	@sh tests/mutants.sh $(BUILD) $(NAMES)

check-all: #- make check and everything that takes longer: hours
	@sh tests/check-all.sh $(BUILD)

# Programs whose calls can be made to fail: tests/faults.h in front of every file. With -O1 -march=native, gcc does not
# clear the upper halves of vector registers before calls into libm's SSE code, which then takes 60 times as long: -O2.
FAULTY   := lesson-09 lesson-10 lesson-11 lesson-13 lesson-19 cifar-from-png cifar-check check-image check-bpe \
            check-table
COVERAGE := 0
faulty: #- the programs that make faults and make crash run
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/faults \
	    OPT='$(if $(filter 1,$(SAN) $(COVERAGE)),$(OPT),-O2) -include tests/faults.h' $(FAULTY:%=$(BUILD)/faults/%)

faults: #- every call that can fail fails in turn, in training, loading and tools; with the sanitizers
	+@$(MAKE) --no-print-directory SAN=1 BUILD=$(BUILD)/san faulty
	@sh tests/faults.sh $(BUILD)/san all

crash: all faulty #- kill -9 at 200 moments of a training, and at every write; KILLS=n
	@sh tests/crash.sh $(BUILD) $(KILLS)

RACED := base gemm vecmath conv attention ops token_ops softmax clip_loss image train result_table
threads: all #- the same bytes for 1, 2, 3 and 8 threads; no data race (thread sanitizer)
	@sh tests/threads.sh $(BUILD) all
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan OPT='-O2 -fsanitize=thread' \
	    $(RACED:%=$(BUILD)/tsan/test-%) $(BUILD)/tsan/lesson-10 $(BUILD)/tsan/lesson-11
	@sh tests/races.sh $(BUILD)/tsan $(RACED)

.PHONY: help-dev install uninstall programs tests check check-dev check-exercises bless rooms format fuzz libfuzzer dist dist-students book lint package elsewhere \
        coverage covered mutants check-all faulty faults crash threads
