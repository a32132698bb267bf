# What a distribution's package holds. Manual pages and completion files come from the command table
# that the built program carries, so they can never be behind it.

if(NOT TARGET rootkeep)
  return()
endif()

set(made ${CMAKE_CURRENT_BINARY_DIR}/made)
file(MAKE_DIRECTORY ${made})

# `pages.stamp` stands for a folder of pages whose names follow from the table.
if(NOT CMAKE_CROSSCOMPILING)
  add_custom_command(OUTPUT ${made}/pages.stamp
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${made}/man1
    COMMAND rootkeep man ${made}/man1
    COMMAND rootkeep completion bash > ${made}/rootkeep.bash
    COMMAND rootkeep completion zsh > ${made}/rootkeep.zsh
    COMMAND rootkeep completion fish > ${made}/rootkeep.fish
    COMMAND ${CMAKE_COMMAND} -E touch ${made}/pages.stamp
    BYPRODUCTS ${made}/rootkeep.bash ${made}/rootkeep.zsh ${made}/rootkeep.fish
    DEPENDS rootkeep COMMENT "Manual pages and completions" VERBATIM)
  add_custom_target(pages ALL DEPENDS ${made}/pages.stamp)
  install(DIRECTORY ${made}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} FILES_MATCHING PATTERN "*.1")
  install(FILES ${made}/rootkeep.bash
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME rootkeep)
  set(RK_ZSH_COMPLETIONS ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions CACHE STRING
    "Where zsh looks for completions (elsewhere than in Debian: share/zsh/site-functions)")
  install(FILES ${made}/rootkeep.zsh DESTINATION ${RK_ZSH_COMPLETIONS} RENAME _rootkeep)
  install(FILES ${made}/rootkeep.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

install(TARGETS rootkeep RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# Below the prefix: udev reads /usr/lib/udev/rules.d and /usr/local/lib/udev/rules.d.
set(RK_UDEV_RULES lib/udev/rules.d CACHE STRING "Where udev looks for rules; empty: none are installed")
if(RK_UDEV_RULES)
  install(FILES ${CMAKE_SOURCE_DIR}/udev/70-rootkeep.rules DESTINATION ${RK_UDEV_RULES})
endif()

# Roots for attestations: read at run time beside the program, so a build tree has them too.
file(GLOB pins CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/x509/pins/*)
foreach(pin IN LISTS pins)
  get_filename_component(name ${pin} NAME)
  configure_file(${pin} ${CMAKE_CURRENT_BINARY_DIR}/share/rootkeep/attestation/${name} COPYONLY)
endforeach()
install(FILES ${pins} DESTINATION ${CMAKE_INSTALL_DATADIR}/rootkeep/attestation)
