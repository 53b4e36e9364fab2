# Pictures and sound need further libraries. So there is a target for each, if its library is found.
#
#   musicgen::render_piano_roll      musicgen/render/piano_roll.hpp, libpng
#   musicgen::render_distributions   musicgen/render/distributions.hpp, libpng
#   musicgen::render_curves          musicgen/render/curves.hpp, libpng
#   musicgen::render_audio           musicgen/render/audio.hpp, FluidSynth 2
#
# Used by the project's own build and by the installed package, so that an installation made without these libraries has
# the targets as soon as they are installed. Defines MUSICGEN_HAS_PIANO_ROLL and so on for programs that link them.
include_guard()

find_package(PNG QUIET)
foreach(picture IN ITEMS piano_roll distributions curves)
  if(PNG_FOUND AND NOT TARGET musicgen::render_${picture})
    string(TOUPPER ${picture} name)
    add_library(musicgen::render_${picture} INTERFACE IMPORTED GLOBAL)
    target_link_libraries(musicgen::render_${picture} INTERFACE musicgen::musicgen PNG::PNG)
    target_compile_definitions(musicgen::render_${picture} INTERFACE MUSICGEN_HAS_${name})
  endif()
endforeach()

find_path(MUSICGEN_FLUIDSYNTH_INCLUDE_DIR fluidsynth.h)
find_library(MUSICGEN_FLUIDSYNTH_LIBRARY fluidsynth)
mark_as_advanced(MUSICGEN_FLUIDSYNTH_INCLUDE_DIR MUSICGEN_FLUIDSYNTH_LIBRARY)
if(MUSICGEN_FLUIDSYNTH_INCLUDE_DIR AND MUSICGEN_FLUIDSYNTH_LIBRARY AND NOT TARGET musicgen::render_audio)
  add_library(musicgen::render_audio INTERFACE IMPORTED GLOBAL)
  target_include_directories(musicgen::render_audio INTERFACE ${MUSICGEN_FLUIDSYNTH_INCLUDE_DIR})
  target_link_libraries(musicgen::render_audio INTERFACE musicgen::musicgen ${MUSICGEN_FLUIDSYNTH_LIBRARY})
  target_compile_definitions(musicgen::render_audio INTERFACE MUSICGEN_HAS_AUDIO)
endif()
