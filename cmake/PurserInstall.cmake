# The package that other CMake projects find with find_package(purser).
include(CMakePackageConfigHelpers)

install(TARGETS purser_lib EXPORT purser_targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS purser RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/purser DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(EXPORT purser_targets NAMESPACE purser:: FILE purser-targets.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/purser)

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/purser-config.cmake.in ${PROJECT_BINARY_DIR}/purser-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/purser)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/purser-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/purser-config.cmake ${PROJECT_BINARY_DIR}/purser-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/purser)
