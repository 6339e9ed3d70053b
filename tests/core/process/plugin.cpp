// A library with one function, for module_test.cpp.
extern "C" int furrow_test_plugin_function(int value) { return value * 3; }
