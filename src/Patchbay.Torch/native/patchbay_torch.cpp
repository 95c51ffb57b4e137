// One translation unit: libtorch's headers, which are most of the compile time, are read once.
#include "tensor.cpp"
#include "shape.cpp"
#include "math.cpp"
#include "runtime.cpp"
