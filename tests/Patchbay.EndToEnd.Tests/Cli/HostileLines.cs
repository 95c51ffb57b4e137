namespace Patchbay.Cli.Tests;

/// <summary>What <see cref="HostileArgumentTests"/> runs: exit code, a part of the sentence, command line. {x} is a
/// path in a folder of <see cref="HostileFiles"/>, '' an empty word.</summary>
internal static class HostileLines
{
    public const string Text = """
        2 | --groups: expected once, found 2 times | patch models/tiny-base --groups A --groups B
        2 | --receivers: expected once, found 2 times | patch models/tiny-base --receivers 8 --receivers 9
        2 | --prompts: expected a whole number from 1 to 1000000 | patch x --prompts 2147483647
        2 | --prompts: expected | patch x --prompts 0
        2 | --prompts: expected | task generate --out {a} --prompts 1000001
        2 | --prompts: expected | lab dynamics x --prompts -5
        2 | --prompts: expected | demo --prompts NaN
        2 | --prompts: expected | bench patch --prompts 1e6
        2 | --prompts: expected | bench experiments --prompts ٣٠٠
        2 | --questions: expected a whole number from 1 to 1000000 | demo --questions 99999999999
        2 | --threads: expected a whole number from 1 to | patch x --threads 100000
        2 | --threads: expected | study run x --threads 0
        2 | --threads: expected | node run --threads 1,5
        2 | --threads: expected | doctor --threads 0x4
        2 | --threads: expected | lab train small --out {a} --threads ''
        2 | --threads: expected | model logits x --ids y --out {a} --threads 2147483648
        2 | --slots: expected a whole number from 1 to 1024 | node run --slots 100000
        2 | --slots: expected | patch x --slots 0
        2 | --slots: expected | study run x --slots 1025
        2 | --slots: expected | demo --slots -1
        2 | --port: expected a port from 0 to 65534 | node run --port 99999
        2 | --port: expected | node run --port -1
        2 | --port: expected | node run --port 65535
        2 | --port: expected | node run --port 9110.5
        2 | --port: expected | node run --port ''
        2 | --seed: expected a whole number from 0 to 18446744073709551615 | patch x --seed -1
        2 | --seed: expected | lab construct small --out {a} --seed -1
        2 | --fetching: expected a number from 0 to 1, found 'NaN' | lab construct small --out {a} --fetching NaN
        2 | size: expected one of small, large, grouped, found 'huge' | lab construct huge --out {a}
        2 | --out: expected a folder that is new or empty, found | lab construct small --out {model}
        2 | pairs of positions such as last>query_label | experiment knockout {model} --pairs object_*>object_*
        2 | --seed: expected | task generate --out {a} --seed 18446744073709551616
        2 | --seed: expected | lab train small --out {a} --seed 1.0
        2 | --seed: expected | task check x --tokenizer y --seed twenty
        2 | --seed: expected a port | node run --seed localhost:99999
        2 | --seed: expected HOST or HOST:PORT | node run --seed ht!tp://x
        2 | --receivers: expected a whole number from 1 to 100000 | patch x --receivers 999999
        2 | --receivers: expected | patch x --receivers 20,-5
        2 | --receivers: expected | patch x --receivers 1e3
        2 | --receivers: expected a list separated by commas | lab dynamics x --receivers 20,,5
        2 | --receivers: expected | experiment path-patching x --receivers 0
        2 | --memory: expected an amount of memory such as 4GiB or 512MiB, from 1 MiB | patch x --memory 1KB
        2 | --memory: expected | node run --memory 0
        2 | --memory: expected | node run --memory -4GiB
        2 | --memory: expected | node run --memory 1e309GiB
        2 | --memory: expected | node run --memory 99999999999999999999TiB
        2 | --memory: expected | study run x --memory NaN
        2 | --memory: expected | demo --memory ''
        2 | --memory: expected | demo --memory ４GiB
        2 | --boxes: expected a whole number from 2 to 10 | patch x --boxes 11
        2 | --boxes: expected | task generate --out {a} --boxes 1
        2 | --boxes: expected | experiment dcm x --boxes 2.5
        2 | --lines: expected a whole number from 1 to 1000000 | log tail --lines 0
        2 | --max-tokens: expected | model generate x --prompt a --max-tokens 99999999999
        2 | --steps: expected a whole number from 1 to 100000000 | lab train small --out {a} --steps 1e9
        2 | --checkpoint-every: expected | lab train small --out {a} --checkpoint-every 0
        2 | --every: expected | lab dynamics x --every -1
        2 | --seeds: expected a whole number from 1 to 1000 | lab quartet --seeds 1001
        2 | --repeats: expected | bench train --repeats 0
        2 | --length: expected a whole number from 2 to 4096 | bench train --length 1
        2 | --sequences: expected | bench train --sequences 1000000
        2 | --results: expected | bench cluster --results 99999999999
        2 | --units: expected | bench cluster --units 1
        2 | --processes: expected | bench cluster --processes 65
        2 | --nodes: expected | bench cluster --nodes 1
        2 | --seconds: expected a whole number from 1 to 86400 | bench cluster --seconds 86401
        2 | --reference-heads: expected a whole number from 0 | bench patch --reference-heads -1
        2 | --triples: expected a whole number from 8 | bench experiments --triples 7
        2 | --triples: expected a whole number from 8 to 1000000 | experiment dcm x --triples 99999999999
        2 | --task-prompts: expected | experiment dcm x --task-prompts 0
        2 | --rate: expected a number from 0 to 100 | experiment dcm x --rate 1e309
        2 | --lambda: expected a number from 0 to 1000 | experiment dcm x --lambda NaN
        2 | --lambda: expected | experiment dcm x --lambda -0.5
        2 | --epochs: expected | experiment dcm x --epochs 1.5
        2 | --share: expected a number from 0 to 1 | experiment minimality x --share 1,5
        2 | --threshold: expected a number from -1 to 1000 | experiment minimality x --threshold Infinity
        2 | --random: expected a whole number from 0 to 10000 | experiment circuit x --random 2147483647
        2 | --means: expected | experiment circuit x --means 0x10
        2 | --prompts: expected | experiment activation-patching x --prompts ٣
        2 | --batch: expected a whole number from 0 | experiment knockout x --batch -1
        2 | --steps: expected a whole number from 1 to 10000 | experiment attribution x --steps 99999999999
        2 | --circuit: expected | experiment path-patching x --circuit 0.5,
        2 | --dtype: expected a dtype | patch x --dtype int8
        2 | --device: expected a device | patch x --device cuda:99999999999
        2 | --chain: expected a chain | patch x --chain A@
        2 | --groups: expected every group once | patch x --groups A,A
        2 | did you mean '--threads'? | patch x --thread 2
        2 | did you mean '--threads'? | patch --thread 2 x
        2 | did you mean '--prompts'? | task generate --out {a} --promts=7
        2 | /dev/zero: expected a file, found a device | journal import /dev/zero
        2 | {pipe}: expected a file, found a pipe | journal import {pipe}
        2 | {link}: expected a file, found a device | journal import {link}
        2 | without an end | journal import {huge} --data {import}
        2 | the export is empty | journal import {empty} --data {import}
        2 | line 1 of the export | journal import {noise} --data {import}
        2 | /dev/zero: expected a file, found a device | task check /dev/zero --tokenizer {model}
        2 | {huge}: expected a file of at most 256 MiB | task check {huge} --tokenizer {model}
        2 | {pipe}: expected a file, found a pipe | task check {pipe} --tokenizer {model}
        2 | expected UTF-8 text | task check {noise} --tokenizer {model}
        2 | /dev/zero: expected a file, found a device | study validate /dev/zero
        2 | {pipe}: expected a file, found a pipe | study validate {pipe}
        2 | {huge}: expected a file of at most 1 MiB | study validate {huge}
        2 | /dev/zero: expected a file, found a device | study validate {study} --catalogue /dev/zero
        2 | {huge}: expected a file of at most 1 MiB | study run {study} --catalogue {huge} --data {a}
        2 | /dev/zero: expected a file, found a device | patch {model} --batch /dev/zero
        2 | {pipe}: expected a file, found a pipe | patch {model} --batch {pipe}
        2 | {huge}: expected a file of at most 256 MiB | patch {model} --task {huge}
        2 | {pipe}: expected a file, found a pipe | patch {model} --receivers-from {pipe}
        2 | /dev/zero: expected a file, found a device | patch {model} --batch {noise} --d-positions /dev/zero
        2 | {left.json}: expected a list, found an object | patch {model} --batch {batch.json} --d-positions {left.json}
        2 | {d.json}, field '[0]': expected 0 to 3, found 9 | patch {model} --batch {batch.json} --d-positions {d.json}
        2 | {two.json}: expected 1 entries | patch {model} --batch {batch.json} --d-positions {two.json}
        2 | {left.json}, field 'base_tokens': expected a list, found no such field | patch {model} --batch {left.json}
        2 | {left.json}, field 'base_tokens': expected | task check {left.json} --tokenizer {model}
        2 | tiny-base: {beyond.json}, prompt 0, field 'labels': expected ids below | patch {model} --batch {beyond.json}
        2 | tiny-base: {beyond.json}, prompt | patch {model} --batch {beyond.json} --d-positions {one.json}
        2 | --d-positions: expected with --batch only | patch {model} --d-positions {one.json}
        2 | tiny-base: expected at most 2 numbers | patch {model} --chain A@last;B@last>A.q --receivers 1,2,3
        2 | tiny-base: expected at most 4 numbers | patch {model} --prompts 7 --receivers 1,2,3,4,5
        2 | {loop}: expected a file, found a link that leads back to itself | patch {model} --batch {loop}
        2 | {loop}: expected a file, found a link that leads back to itself | study validate {loop}
        2 | {loop}: expected a file, found a link that leads back to itself | model inspect {loop}
        2 | {loop}: expected a file, found a link that leads back to itself | journal import {loop} --data {import}
        2 | {astray}: expected a file, found a link to nowhere, which is | task check {astray} --tokenizer {model}
        2 | {folder}/config.json: expected a file, found a folder | model inspect {folder}
        2 | {looped}/config.json: expected a file, found a link that leads | model inspect {looped}
        2 | {looped}/config.json: expected a file, found a link that leads | model generate {looped} --prompt a
        2 | /dev/zero: expected a file, found a device | patch /dev/zero
        2 | {pipe}: expected a file, found a pipe | model inspect {pipe}
        2 | {pipe}: expected a file, found a pipe | model logits {model} --ids {pipe} --out {a.json}
        3 | {pipe} is no adapter | model inspect {model} --adapter {pipe}
        2 | {pipe}: expected a file, found a pipe | lab curve {pipe}
        2 | {huge}: expected a file of at most 256 MiB | lab curve {huge}
        2 | /dev/zero: expected a file, found a device | lab train /dev/zero --out {a}
        2 | {huge}: expected a file of at most 256 MiB | lab train {huge} --out {a}
        2 | {pipe}: expected a file, found a pipe | node run --config {pipe} --data {a}
        2 | {huge}: expected a file of at most 1 MiB | node run --config {huge} --data {a}
        2 | {many.conf}: patchbay.node: --slots: expected a whole number | node run --config {many.conf} --data {a}
        2 | {below.conf}: patchbay.node: --threads: expected | node run --config {below.conf} --data {a}
        2 | {port.conf}: patchbay.node: --port: expected a port | node run --config {port.conf} --data {a}
        2 | {inner.conf} | node run --config {inner.conf} --data {a}
        2 | {unknown.conf}: patchbay.node.slot | node run --config {unknown.conf} --data {a}
        2 | {pipe}: expected a file, found a pipe | node run --certificate {pipe} --data {node}
        2 | {pipe}: expected a file, found a pipe | node run --token-file {pipe} --data {node}
        2 | --out: expected a file that can be written, found the device | patch {model} --out /dev/null.svg/../null
        2 | --out: expected a file that can be written, found the pipe | journal export --out {pipe} --data {a}
        2 | --out: expected a file that can be written, found no folder {no}, | task generate --out {no/a/b}
        2 | --out: expected a folder that can be written, found no folder {no}, | lab train small --out {no/run}
        2 | --out: expected a folder that can be written, found no folder {no}, | sweep export x --out {no/there/x}
        2 | --out: expected a folder that can be written, found the device | sweep report x --out /dev/zero
        2 | --out: expected a file that can be written, found no folder {no}, | cluster certificate --out {no/c.pem}
        2 | --data: expected a folder, found the file /dev/zero | sweep list --data /dev/zero
        2 | --data: expected a folder, found the file {empty} | node run --data {empty}
        2 | --data: expected a folder that can be made | study run {study} --data /proc/patchbay
        2 | --journal: expected postgres:// | sweep list --journal nonsense
        2 | --node: expected a port from 1 to 65534 | sweep list --node localhost:0
        2 | HOST:PORT: expected a port | cluster down localhost:99999
        """;
}
