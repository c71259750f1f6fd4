# Compiler settings, and the three helpers that every folder uses:
# sg_ring (a library that sees only what it may), sg_program and sg_test.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

option(SG_WERROR "Warnings are errors (the checks switch this on)" OFF)
option(SG_COVERAGE "Instrument for gcov" OFF)
option(SG_PLANTS "Obey SG_PLANT=name: bugs that the harnesses must find" OFF)
option(SG_FUZZ "Build the fuzzers with clang's libFuzzer" OFF)
set(SG_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow
  -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -fno-strict-aliasing -fstack-protector-strong)
if(SG_WERROR)
  add_compile_options(-Werror)
endif()
if(SG_SANITIZE)
  add_compile_options(-fsanitize=${SG_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SG_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(SG_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SG_PLANTS)
  add_compile_definitions(SG_PLANTS)
endif()
if(SG_COVERAGE)
  add_compile_options(--coverage -O0)
  add_link_options(--coverage)
endif()

# The same sources give the same bytes, wherever they are built.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
  -ffile-prefix-map=${CMAKE_BINARY_DIR}=build)
add_link_options(-Wl,--build-id=sha1 -Wl,-z,relro,-z,now)
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)

# sg_view(<name> <folder>...): an include root that holds only these folders, so
# that an include against the arrows does not compile.
function(sg_view name)
  set(root ${CMAKE_BINARY_DIR}/rings/${name})
  file(REMOVE_RECURSE ${root})
  foreach(folder ${ARGN})
    cmake_path(GET folder PARENT_PATH parent)
    file(MAKE_DIRECTORY ${root}/${parent})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)
  endforeach()
  set(${name}_VIEW ${root} PARENT_SCOPE)
endfunction()

# What a release is made of: the rings and the programs, without the tests.
add_custom_target(sg_release)
set(SG_TESTS_DIR ${CMAKE_SOURCE_DIR}/tests)

# sg_ring(<name> SEES <folder>... SOURCES <file>... LINKS <library>...)
function(sg_ring name)
  cmake_parse_arguments(ARG "" "" "SEES;SOURCES;LINKS" ${ARGN})
  sg_view(${name} ${ARG_SEES})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${${name}_VIEW})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS})
  add_dependencies(sg_release ${name})
endfunction()

# sg_program(<name> SEES <folder>... SOURCES <file>... LINKS <library>...)
function(sg_program name)
  cmake_parse_arguments(ARG "" "" "SEES;SOURCES;LINKS" ${ARGN})
  sg_view(${name} ${ARG_SEES})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${${name}_VIEW})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS})
  cmake_path(IS_PREFIX SG_TESTS_DIR ${CMAKE_CURRENT_SOURCE_DIR} is_test)
  if(NOT is_test)
    add_dependencies(sg_release ${name})
  endif()
endfunction()

# The tests labelled "threads", to build them alone under ThreadSanitizer.
add_custom_target(sg_threads)

# sg_test(<name> SOURCES <file>... LINKS <library>... [LABELS <label>...]
#         [TIMEOUT <seconds>]): a cmocka program that sees everything and links
# only the rings it names; the link line is the proof of what they need.
function(sg_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 180)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} sg_testlib sg::cmocka)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(threads IN_LIST ARG_LABELS)
    add_dependencies(sg_threads ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT}
    LABELS "${ARG_LABELS}"
    ENVIRONMENT "SG_SOURCE_DIR=${CMAKE_SOURCE_DIR};SG_BUILD_DIR=${CMAKE_BINARY_DIR}")
endfunction()
