# Install rules and the package that find_package(furrow) reads.
#
# Components  kernels, core, hdf5, montecarlo; each brings those it stands on. None named: all that
#             were built.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(furrow_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/furrow)

set_target_properties(furrow_options PROPERTIES EXPORT_NAME options)
set_target_properties(furrow_kernels PROPERTIES EXPORT_NAME kernels)
set_target_properties(furrow_core PROPERTIES EXPORT_NAME core)
install(TARGETS furrow_options furrow_kernels furrow_core EXPORT furrow-targets)
install(EXPORT furrow-targets NAMESPACE furrow:: DESTINATION ${furrow_package_folder})
# furrow::hdf5 has a file of its own, so that a program without it need not have libhdf5.
if(TARGET furrow_hdf5)
  set_target_properties(furrow_hdf5 PROPERTIES EXPORT_NAME hdf5)
  install(TARGETS furrow_hdf5 EXPORT furrow-hdf5-targets)
  install(EXPORT furrow-hdf5-targets NAMESPACE furrow:: DESTINATION ${furrow_package_folder})
endif()
# It stands on furrow::hdf5 where there is one: simulations keep checkpoints.
if(TARGET furrow_montecarlo)
  set_target_properties(furrow_montecarlo PROPERTIES EXPORT_NAME montecarlo)
  set_target_properties(furrow_models PROPERTIES EXPORT_NAME models)
  install(TARGETS furrow_montecarlo furrow_models EXPORT furrow-montecarlo-targets)
  install(EXPORT furrow-montecarlo-targets NAMESPACE furrow::
    DESTINATION ${furrow_package_folder})
endif()
set(furrow_montecarlo_needs_hdf5 OFF)
if(TARGET furrow_hdf5)
  set(furrow_montecarlo_needs_hdf5 ON)
endif()
if(TARGET furrow)
  install(TARGETS furrow RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

foreach(tree core kernels)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${tree}/furrow DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.hpp" PATTERN "*-inl.h")
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/furrow-config.cmake.in
  ${PROJECT_BINARY_DIR}/package/furrow-config.cmake INSTALL_DESTINATION ${furrow_package_folder})
# Before 1.0 a minor version may change what a program sees.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/furrow-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/furrow-config.cmake
  ${PROJECT_BINARY_DIR}/package/furrow-config-version.cmake DESTINATION ${furrow_package_folder})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
