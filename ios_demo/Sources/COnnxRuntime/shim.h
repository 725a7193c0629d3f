// Debian's libonnxruntime-dev. The library is opened by path when the program runs, so nothing is linked here.
#include <onnxruntime_c_api.h>
#include <malloc.h>
