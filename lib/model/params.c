#include "model/params.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

Param *params_add(Params *params, Mat shape, const char *format, ...) {
    char name[256];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    REQUIRE(!params_find(params, name), "the name %s is taken", name);
    if (params->count == params->room) {
        params->room = MAX(32, 2 * params->room);
        Param **list = arena_alloc(params->arena, (size_t)params->room, sizeof *list);
        if (params->count) memcpy(list, params->list, (size_t)params->count * sizeof *list);
        params->list = list;
    }
    Param *param = arena_zero(params->arena, 1, sizeof *param);
    param->name = arena_text(params->arena, name);
    param->val = shape;
    if (!params->plan) {
        param->val.v = arena_zero(params->arena, mat_count(shape), sizeof(num));
        param->grad = arena_zero(params->arena, mat_count(shape), sizeof(num));
    }
    params->list[params->count++] = param;
    return param;
}
Param *params_find(const Params *params, const char *name) {
    for (int i = 0; i < params->count; i++)
        if (!strcmp(params->list[i]->name, name)) return params->list[i];
    return NULL;
}
size_t params_count(const Params *params) {
    size_t count = 0;
    for (int i = 0; i < params->count; i++)
        if (!params->list[i]->frozen) count += mat_count(params->list[i]->val);
    return count;
}
void params_zero_grad(Params *params) {
    for (int i = 0; i < params->count; i++) params->list[i]->has_grad = false;
}

/* How many numbers there are to set: none in a plan. */
static size_t settable(const Param *param) { return param->val.v ? mat_count(param->val) : 0; }
void init_fan_in(Param *param, int fan_in, Rng *rng) {
    double bound = 1 / sqrt(MAX(1, fan_in));
    for (size_t i = 0; i < settable(param); i++) param->val.v[i] = (num)(bound * (2 * rng_uniform(rng) - 1));
}
void init_normal(Param *param, double deviation, Rng *rng) {
    for (size_t i = 0; i < settable(param); i++) param->val.v[i] = (num)(deviation * rng_normal(rng));
}
void init_constant(Param *param, double value) {
    for (size_t i = 0; i < settable(param); i++) param->val.v[i] = (num)value;
}

void init_dirac(Param *param) {
    const int *s = param->val.shape, K = s[2];
    REQUIRE(param->val.dims == 4 && K % 2 == 1, "%s is %s, want [O,C,K,K] with an odd K", param->name,
            mat_shape_text(param->val));
    size_t filter = (size_t)(s[1] * K * K), centre = (size_t)(K / 2 * K + K / 2);
    for (int o = 0; o < MIN(s[0], s[1]) && param->val.v; o++) {
        num *weight = param->val.v + (size_t)o * filter;
        memset(weight, 0, filter * sizeof(num));
        weight[(size_t)(o * K * K) + centre] = 1;
    }
}
