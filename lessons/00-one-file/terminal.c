/* The one file of lesson 00 includes nothing of the library. Where make links it with the library, this file breaks its
 * lines at the width of the terminal, as those of the other lessons. It runs before main. */
#include "show/term_fit.h"

__attribute__((constructor)) static void fit(void) { term_fit_output(); }
