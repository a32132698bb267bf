# Warnings, hardening and sanitizers: the same for every target.

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes
  -Wpointer-arith -Wwrite-strings -Wformat=2 -Wvla -fno-common)
if(RK_WERROR)
  add_compile_options(-Werror)
endif()
add_compile_definitions(_GNU_SOURCE RK_VERSION="${PROJECT_VERSION}")

if(RK_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=address,undefined)
elseif(RK_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=address,undefined)
else()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection
    $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie> -Wl,-z,relro -Wl,-z,now
  -Wl,-z,noexecstack -Wl,--as-needed)
