# The suites that are scripts: ctest tests named SUITE/NAME with the suite's label. Each is given
# the shipped program in RK_BINARY. One that lacks something prints 'SKIP: reason' and exits 77;
# with CI=true in the environment it fails instead.

find_program(RK_PYTHON python3)

function(rk_suite name seconds)
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/test_*.py)
  if(RK_SANITIZE)
    # It reads the whole memory of a process: terabytes where a sanitizer keeps its shadow.
    list(FILTER scripts EXCLUDE REGEX "/test_memory\\.py$")
  endif()
  foreach(script IN LISTS scripts)
    get_filename_component(test ${script} NAME_WE)
    string(REGEX REPLACE "^test_" "" test ${test})
    rk_suite_test(${name} ${test} ${seconds} ${script})
  endforeach()
endfunction()

function(rk_suite_test suite test seconds)
  add_test(NAME ${suite}/${test} COMMAND ${RK_PYTHON} -B ${ARGN})
  set_tests_properties(${suite}/${test} PROPERTIES
    LABELS ${suite} TIMEOUT ${seconds} SKIP_RETURN_CODE 77
    ENVIRONMENT "RK_BINARY=${CMAKE_BINARY_DIR}/rootkeep;RK_SOURCE=${CMAKE_SOURCE_DIR};RK_BUILD=${CMAKE_BINARY_DIR}")
endfunction()

# The peers' tests leave what they saw in the build; the table of docs/compatibility.md is compared
# with it when all of them have run.
function(rk_peers_table)
  get_property(tests DIRECTORY PROPERTY TESTS)
  list(FILTER tests INCLUDE REGEX "^peers/")
  set_tests_properties(${tests} PROPERTIES FIXTURES_REQUIRED peers_begun FIXTURES_SETUP peers_seen)
  set(table ${CMAKE_CURRENT_SOURCE_DIR}/peers/table.py)
  rk_suite_test(peers table_begun 60 ${table} --begin)
  rk_suite_test(peers table 60 ${table})
  set_tests_properties(peers/table_begun PROPERTIES FIXTURES_SETUP peers_begun)
  set_tests_properties(peers/table PROPERTIES FIXTURES_REQUIRED peers_seen)
endfunction()

# The suite of every PKCS#11 module, NAME by NAME; then their table of docs/tokens.md is compared.
function(rk_matrix table)
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/modules)
  set(matrix ${folder}/matrix.py ${table})
  foreach(name IN LISTS ARGN)
    rk_suite_test(${table} ${name} 600 ${folder}/test_${name}.py)
    set_tests_properties(${table}/${name} PROPERTIES
      FIXTURES_REQUIRED ${table}_begun FIXTURES_SETUP ${table}_seen)
  endforeach()
  rk_suite_test(${table} matrix_begun 60 ${matrix} --begin)
  rk_suite_test(${table} matrix 60 ${matrix})
  set_tests_properties(${table}/matrix_begun PROPERTIES FIXTURES_SETUP ${table}_begun)
  set_tests_properties(${table}/matrix PROPERTIES FIXTURES_REQUIRED ${table}_seen)
endfunction()

if(RK_PYTHON)
  rk_suite(lint 300)
  rk_suite(virtual-yubikey 300)
  rk_matrix(modules softhsm ykcs11 opensc nss)
  rk_suite_test(modules page 300 ${CMAKE_CURRENT_SOURCE_DIR}/modules/test_page.py)
  rk_matrix(tpm tpm)
  rk_suite(stories 600)
  rk_suite(peers 900)
  rk_peers_table()
  rk_suite(faults 900)
  rk_suite(bench 600)
endif()

# The gates of tests/bench compare times with times of the same run.
add_subdirectory(${CMAKE_CURRENT_SOURCE_DIR}/bench)
