# Makes chains of headers, each of which includes the one before it, directly or not. Included in this order, each header
# is compiled as if it came first, since it includes everything before it itself. So a translation unit for each chain
# shows as much as one for each header would, and common parts are compiled once. (After removing an #include from a
# header, configure again, since the chains depend on it.)

# included_by_<header>, a global property: the headers of the folder that it includes, directly or not.
function(find_included folder header)
  get_property(known GLOBAL PROPERTY "included_by_${header}" SET)
  if(known)
    return()
  endif()
  set_property(GLOBAL PROPERTY "included_by_${header}" "") # a header and its definitions include each other
  cmake_path(GET header PARENT_PATH here)
  file(STRINGS "${folder}/${header}" lines REGEX "^#include \"[^\"]*\\.hpp\"")
  set(all "")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^#include \"([^\"]+)\".*" "${here}/\\1" included "${line}")
    cmake_path(NORMAL_PATH included)
    find_included("${folder}" "${included}")
    get_property(further GLOBAL PROPERTY "included_by_${included}")
    list(APPEND all "${included}" ${further})
  endforeach()
  list(REMOVE_DUPLICATES all)
  list(REMOVE_ITEM all "${header}")
  set_property(GLOBAL PROPERTY "included_by_${header}" "${all}")
endfunction()

# chains_of_headers(<result> <folder> <header>...): lists <result>_0, <result>_1, ..., and in <result> their names. The
# headers' paths are relative to the folder.
function(chains_of_headers result folder)
  foreach(header IN LISTS ARGN)
    find_included("${folder}" "${header}")
    get_property(included GLOBAL PROPERTY "included_by_${header}")
    list(LENGTH included count)
    math(EXPR count "1000 + ${count}") # since they are sorted as text
    list(APPEND left "${count} ${header}")
  endforeach()
  list(SORT left ORDER DESCENDING)
  list(TRANSFORM left REPLACE "^[0-9]+ " "")

  set(chains "")
  while(left)
    list(POP_FRONT left last)
    set(chain "${last}")
    foreach(header IN LISTS left) # the first one that the last one includes, includes most
      get_property(included GLOBAL PROPERTY "included_by_${last}")
      if(header IN_LIST included)
        list(PREPEND chain "${header}")
        set(last "${header}")
      endif()
    endforeach()
    list(REMOVE_ITEM left ${chain})
    list(LENGTH chains number)
    set("${result}_${number}" "${chain}" PARENT_SCOPE)
    list(APPEND chains "${result}_${number}")
  endwhile()
  set("${result}" "${chains}" PARENT_SCOPE)
endfunction()
