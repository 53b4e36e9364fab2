#!/usr/bin/env python3
"""How often `inspect --json` is right about POP909's songs, against their annotations.

    benchmarks/score_analysis.py --music POP909 --annotations ANNOTATIONS [--ending 5] [--inspect build/examples/inspect]

POP909 holds 001/001.mid, ...; ANNOTATIONS holds POP909/001/beat_midi.txt, ... and structure/POP909/001/human_label1.txt,
... What is counted, and which truth: docs/analysis.md. Needs Python 3 alone.
"""

import argparse
import bisect
import collections
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def pitch_class(name):
    return (PITCH_CLASSES[name[0]] + name.count("#") - name.count("b")) % 12


def key_of(label):
    tonic, mode = label.split(":")
    return pitch_class(tonic), mode


def related(a, b):
    """The same key or its relative: C major and A minor."""
    return a == b or (a[1] != b[1] and (a[0] + (9 if a[1] == "maj" else 3)) % 12 == b[0])


def triad(label):
    """Reduced to major, minor, or none: by the third; chords without a third are no part of the count."""
    if label == "N":
        return "N"
    root, quality = label.split("/")[0].split(":")
    for kind in ("min", "dim", "hdim"):
        if quality.startswith(kind):
            return pitch_class(root), "min"
    if quality.startswith("sus"):
        return None
    return pitch_class(root), "maj"


def f_measure(found, truth, tolerance):
    """Matches one to one, in order."""
    i = j = hits = 0
    while i < len(found) and j < len(truth):
        if abs(found[i] - truth[j]) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif found[i] < truth[j]:
            i += 1
        else:
            j += 1
    return 2 * hits / max(1, len(found) + len(truth))


def read_table(path):
    return [line.split() for line in path.read_text().split("\n") if line.split()]


def read_beats(folder):
    """Beats, and downbeats by the third column, or the second where the third marks every sixth beat."""
    rows = [[float(x) for x in row] for row in read_table(folder / "beat_midi.txt")]
    marked = [i for i, row in enumerate(rows) if row[2]]
    gaps = collections.Counter(b - a for a, b in zip(marked, marked[1:]))
    column = 1 if gaps.most_common(1)[0][0] == 6 else 2
    return [row[0] for row in rows], [row[0] for row in rows if row[column]]


def chord_score(found, truth):
    """The share of time with the right chord."""
    starts = [chord["start"] for chord in found]
    right = total = 0.0
    for row in truth:
        start, end, label = float(row[0]), float(row[1]), triad(row[2])
        if label is None:
            continue
        total += end - start
        i = max(0, bisect.bisect_right(starts, start) - 1)
        for chord in found[i:]:
            if chord["start"] >= end:
                break
            if triad(chord["label"]) == label:
                right += max(0.0, min(end, chord["end"]) - max(start, chord["start"]))
    return right / total if total else 1.0


def beat_roots(rows, lengths):
    roots = []
    for row, length in zip(rows, lengths):
        roots += [-1 if row == "N" else pitch_class(row.split(":")[0])] * length
    return roots


def structure_shift(folder, structure, beats):
    """How many beats of the song come before the first of the structural annotations, by agreement of chords, and the
    share of beats that agree: low where the annotations leave beats out."""
    roots = [-1] * len(beats)
    for start, end, label in read_table(folder / "chord_midi.txt"):
        for i in range(bisect.bisect_left(beats, float(start) - 0.02), bisect.bisect_left(beats, float(end) - 0.02)):
            roots[i] = -1 if label == "N" else pitch_class(label.split(":")[0])
    table = read_table(structure / "finalized_chord.txt")
    annotated = beat_roots([row[0] for row in table], [int(row[-1]) for row in table])

    def agreement(shift):
        return sum(0 <= i + shift < len(roots) and roots[i + shift] == r for i, r in enumerate(annotated) if r >= 0)

    shift = max(range(-8, 80), key=agreement)
    return shift, agreement(shift) / max(1, sum(r >= 0 for r in annotated))


def boundaries(label_file, shift, beats_a_bar, beats):
    beat, times = shift, []
    for length in re.findall(r"\d+", label_file.read_text()):
        times.append(beat)
        beat += int(length) * beats_a_bar
    times.append(beat)
    step = beats[-1] - beats[-2]
    return [beats[min(max(b, 0), len(beats) - 1)] + step * max(0, b - len(beats) + 1) for b in times]


def score(song, arguments):
    music, annotations = pathlib.Path(arguments.music), pathlib.Path(arguments.annotations)
    folder, structure = annotations / "POP909" / song, annotations / "structure" / "POP909" / song
    run = subprocess.run([arguments.inspect, "--json", music / song / f"{song}.mid"], capture_output=True)
    if run.returncode != 0:
        said = run.stderr.decode(errors="replace").strip().split("\n")[-1]
        raise ValueError(f"{arguments.inspect} ends with {run.returncode}: {said}")
    found = json.loads(run.stdout)
    beats, downbeats = read_beats(folder)
    result = {
        "song": song,
        "beats": f_measure(found["beats"], beats, 0.07),
        "downbeats": f_measure(found["downbeats"], downbeats, 0.07),
        "chords": chord_score(found["chords"], read_table(folder / "chord_midi.txt")),
    }
    keys = [key_of(row[0]) for row in read_table(structure / "analyzed_key.txt")]
    key = key_of(found["key"]) if found["key"] else None
    result["key"] = float(key in keys[:1])
    result["key or relative"] = float(key is not None and any(related(key, k) for k in keys[:1]))
    result["key, any of several"] = float(key in keys)

    beats_a_bar = 3 if len(beats) < 3.5 * len(downbeats) else 4
    shift, agreement = structure_shift(folder, structure, beats)
    bar = beats_a_bar * (beats[-1] - beats[0]) / (len(beats) - 1)
    phrases = [phrase["start"] for phrase in found["phrases"]] + [p["end"] for p in found["phrases"][-1:]]
    scores = [
        f_measure(phrases, boundaries(structure / f"human_label{k}.txt", shift, beats_a_bar, beats), bar)
        for k in (1, 2)
    ]
    result["phrases"] = max(scores)
    if agreement >= 0.85:  # else bars lie elsewhere in a part of the song
        bars = [beats[i] for i in range(shift % beats_a_bar, len(beats), beats_a_bar)]
        result["downbeats, structure"] = f_measure(found["downbeats"], bars, 0.07)
        result["truth's downbeats, structure"] = f_measure(downbeats, bars, 0.07)
    return result


def score_or_say(song, arguments):
    """The song's figures; whatever is wrong with its files, in a line that names it."""
    try:
        return score(song, arguments)
    except OSError:
        raise  # names the file
    except (ValueError, LookupError, TypeError, ZeroDivisionError) as fault:
        raise ValueError(f"song {song}: {fault or type(fault).__name__}") from fault


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--music", required=True, help="the folder that holds 001/001.mid")
    parser.add_argument("--annotations", required=True, help="the folder that holds POP909/001 and structure/POP909/001")
    parser.add_argument("--ending", default="5", help="last digits of the songs' numbers; 5 are the validation songs")
    parser.add_argument("--inspect", default="build/examples/inspect")
    parser.add_argument("--songs", action="store_true", help="a line a song, too")
    arguments = parser.parse_args()
    songs = sorted(
        folder.name
        for folder in pathlib.Path(arguments.music).iterdir()
        if re.fullmatch(r"\d{3}", folder.name) and folder.name[-1] in arguments.ending
    )
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda song: score_or_say(song, arguments), songs))
    if not results:
        raise ValueError(f"no songs in {arguments.music} whose numbers end in {arguments.ending}")
    if arguments.songs:
        for result in results:
            print(*(value if isinstance(value, str) else f"{value:.2f}" for value in result.values()))
    print(len(results), "songs")
    for name in dict.fromkeys(name for result in results for name in result if name != "song"):
        values = [result[name] for result in results if name in result]
        print(f"{name:30} {sum(values) / len(values):.3f}" + (f"  ({len(values)})" if len(values) < len(results) else ""))


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as fault:
        sys.exit(f"score_analysis.py: {' '.join(str(fault).split())}")
    except KeyboardInterrupt:
        sys.exit(130)
