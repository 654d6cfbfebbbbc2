# The toolkit builds with `make` and nothing else. `make help` lists what there is.
#   BUILD=dir   where everything built goes            NATIVE=0   for any processor of this kind, not just this one
#   SAN=1       address and undefined sanitizers       CC=clang   another compiler

SAN    ?= 0
NATIVE ?= 1
BUILD  ?= $(if $(filter 1,$(SAN)),build/san,build)
OPT    ?= $(if $(filter 1,$(SAN)),-O1 -fsanitize=address$(comma)undefined -fno-sanitize-recover=all -DDEBUG,-O3)
comma  := ,

# The compiler itself says which spelling of "this processor" it knows (-mcpu=native: some arm64 compilers).
can     = $(shell $(CC) $(1) -E -x c /dev/null >/dev/null 2>&1 && echo $(1))
NATIVE_FLAGS := $(if $(filter 1,$(NATIVE)),$(or $(call can,-march=native),$(call can,-mcpu=native)))
ARCH   ?= $(NATIVE_FLAGS)

CFLAGS ?= -g
ALL_CFLAGS = -std=c11 -D_DEFAULT_SOURCE -D_DARWIN_C_SOURCE -Wall -Wextra -Wpedantic $(OPT) $(ARCH) \
             -ffp-contract=off -pthread -MMD -MP $(CFLAGS)
LDLIBS = -lm -pthread

# Kernel files may fuse a multiplication and an addition into one rounding; everywhere else C means what it says.
KERNELS := gemm conv vecmath

LIB     := $(patsubst lib/%.c,%,$(wildcard lib/*.c))
LESSONS := $(patsubst lessons/%/main.c,%,$(wildcard lessons/*/main.c))
TESTS   := $(patsubst tests/test_%.c,%,$(wildcard tests/test_*.c))
TOOLS   := $(patsubst tests/tools/%.c,%,$(wildcard tests/tools/*.c))
number   = $(firstword $(subst -, ,$(1)))

LESSON_BINARIES := $(foreach l,$(LESSONS),$(BUILD)/lesson-$(call number,$(l)))
TEST_BINARIES   := $(TESTS:%=$(BUILD)/test-%)
TOOL_BINARIES   := $(TOOLS:%=$(BUILD)/%)

all: $(LESSON_BINARIES) $(TOOL_BINARIES)

$(BUILD)/libclip.a: $(LIB:%=$(BUILD)/obj/%.o)
$(BUILD)/libclip64.a: $(LIB:%=$(BUILD)/obj64/%.o)
%.a:
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/obj/%.o: lib/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(if $(filter $*,$(KERNELS)),-ffp-contract=fast) -c -o $@ $<

# The same library in double precision, for the gradient checks.
$(BUILD)/obj64/%.o: lib/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DNUM=double -c -o $@ $<

$(BUILD)/obj/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# test-gradients alone is double precision throughout.
$(BUILD)/obj64/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DNUM=double -c -o $@ $<

$(BUILD)/test-gradients: $(BUILD)/obj64/tests/test_gradients.o $(BUILD)/obj64/tests/check.o $(BUILD)/libclip64.a
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

$(filter-out %-gradients,$(TEST_BINARIES)): $(BUILD)/test-%: $(BUILD)/obj/tests/test_%.o $(BUILD)/obj/tests/check.o $(BUILD)/libclip.a
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

$(TOOL_BINARIES): $(BUILD)/%: $(BUILD)/obj/tests/tools/%.o $(BUILD)/libclip.a
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

define lesson_rule
$(BUILD)/lesson-$(call number,$(1)): $(BUILD)/obj/lessons/$(1).o $(BUILD)/libclip.a
	$$(CC) $$(ALL_CFLAGS) -o $$@ $$^ $$(LDLIBS)
$(BUILD)/obj/lessons/$(1).o: lessons/$(1)/main.c Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) -c -o $$@ $$<
endef
$(foreach l,$(LESSONS),$(eval $(call lesson_rule,$(l))))

-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj64/*.d $(BUILD)/obj/*/*.d $(BUILD)/obj64/*/*.d $(BUILD)/obj/*/*/*.d)

clean:
	rm -rf $(BUILD)

.PHONY: all clean
.SECONDARY:
