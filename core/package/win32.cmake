# fmt for a build for Windows: a package where there is one, else its headers alone. The headers of
# this machine do for both systems, but not the rest of the folder they lie in: so they are linked
# into a folder of the build, and with them those that the tests need.
find_package(fmt QUIET GLOBAL)
if(NOT fmt_FOUND)
  set(furrow_headers ${CMAKE_BINARY_DIR}/host_headers)
  file(MAKE_DIRECTORY ${furrow_headers})
  foreach(package fmt catch2)
    find_path(furrow_${package}_folder ${package} PATHS /usr/include
              NO_CMAKE_FIND_ROOT_PATH NO_DEFAULT_PATH)
    if(furrow_${package}_folder)
      file(CREATE_LINK ${furrow_${package}_folder}/${package} ${furrow_headers}/${package} SYMBOLIC)
    elseif(package STREQUAL fmt)
      message(FATAL_ERROR "furrow needs fmt, on Debian the package libfmt-dev")
    endif()
  endforeach()
  add_library(fmt::fmt INTERFACE IMPORTED GLOBAL)
  target_include_directories(fmt::fmt INTERFACE ${furrow_headers})
  target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
endif()
