/* figures: what `make bench` measures. The first word of each function's argument is the name of the figure. */
#ifndef FIGURES_H
#define FIGURES_H

void bench_peak(const char *name);
void bench_memory(const char *name);
void bench_gemm(const char *name);
void bench_conv(const char *name);
void bench_train(const char *name);
void bench_scenes(const char *name);
void bench_image(const char *name);
void bench_text(const char *name);

/* The roofline of the kernels that were measured, as the picture bench-roofline. */
void draw_roofline(void);

#endif
