# What `ctest -L unit` and `ctest -L integration` run, for whoever builds no more than that.
add_custom_target(unit_tests)
add_custom_target(integration_tests)

# purser_add_tests(NAME SOURCES... [LIBRARIES ...] [LABELS ...])
# One test program, each of its cases a ctest of its own. Nothing without PURSER_BUILD_TESTS.
# The instances "Full/..." of its parameterised suites need what `scripts/setup full` builds: they have the one label
# `full`, and the presets leave them out.
function(purser_add_tests name)
  if(NOT PURSER_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "LIBRARIES;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  # A sanitized program is several times slower, and so is every program that it starts.
  if(PURSER_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 5")
  endif()
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE purser_lib purser_testing purser_build_flags ${ARG_LIBRARIES}
                                        GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  foreach(label unit integration)
    if(label IN_LIST ARG_LABELS)
      add_dependencies(${label}_tests ${name})
    endif()
  endforeach()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 TEST_FILTER "-Full/*"
                       PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 TEST_FILTER "Full/*" TEST_LIST ${name}_FULL
                       PROPERTIES LABELS full TIMEOUT ${ARG_TIMEOUT})
endfunction()
