// Builds, tests and shows Patchbay: dotnet fsi build.fsx TARGET. Needs only the .NET SDK.
// Every target says what it does and how long it took, and stops with the exit code of the first command that fails.

open System
open System.Diagnostics
open System.IO
open System.Threading.Tasks
open System.Xml.Linq

let root = __SOURCE_DIRECTORY__
let configuration = "Release"
let solution = "Cluster.sln"
let benchmarks = [ "patch"; "experiments"; "train"; "cluster" ]

/// A step that failed: the exit code of the script, after a sentence that says why.
exception Stop of code: int * reason: string

let say (text: string) = Console.Out.WriteLine text

// ---- processes ----

/// Runs a command whose output goes to the console; its exit code.
let exitCodeOf file arguments =
    say ("> " + String.Join(" ", file :: arguments))
    use child = Process.Start(ProcessStartInfo(file, arguments, WorkingDirectory = root, UseShellExecute = false))
    child.WaitForExit()
    child.ExitCode

let run file arguments =
    match exitCodeOf file arguments with
    | 0 -> ()
    | code ->
        let command = String.Join(" ", file :: arguments)
        raise (Stop(code, $"'{command}' ended with exit code {code}"))

let timed (name: string) (what: string) (action: unit -> 'a) =
    say $"== {name}: {what}"
    let watch = Stopwatch.StartNew()
    try
        action ()
    finally
        say $"== {name} took {watch.Elapsed.TotalSeconds:F1} s"

// ---- build, format, clean ----

let build () =
    timed "build" $"restore and build {solution}, {configuration}" (fun () ->
        let cores = $"-m:{Environment.ProcessorCount}"
        run "dotnet" [ "build"; solution; "-c"; configuration; "--nologo"; cores; "-nr:false" ])

let format arguments =
    match arguments with
    | [] -> timed "format" "rewrite the sources in their style" (fun () -> run "dotnet" [ "format"; solution ])
    | [ "--verify" ] ->
        timed "format" "check the sources' style, change nothing" (fun () ->
            run "dotnet" [ "format"; solution; "--verify-no-changes" ])
    | _ -> raise (Stop(2, "format takes no argument but --verify"))

let clean () =
    timed "clean" "remove bin, obj and out" (fun () ->
        let projects =
            [ "src"; "tests" ]
            |> List.map (fun folder -> Path.Combine(root, folder))
            |> List.filter Directory.Exists
            |> List.collect (fun folder -> List.ofArray (Directory.GetDirectories folder))
        let outputs = projects |> List.collect (fun p -> [ Path.Combine(p, "bin"); Path.Combine(p, "obj") ])
        let existing = Path.Combine(root, "out") :: outputs |> List.filter Directory.Exists
        for folder in existing do
            Directory.Delete(folder, recursive = true)
        say $"{existing.Length} folders removed")

// ---- publish ----

/// `pbm` compiled ahead of time: it starts in half the time. Needs the same .NET runtime where it runs.
let publish arguments =
    let folder = Path.Combine("out", "pbm")
    let project = Path.Combine("src", "Patchbay.Cli")
    timed "publish" $"compile pbm ahead of time into {folder}" (fun () ->
        run "dotnet"
            // Without --use-current-runtime, which would compile every project anew: pbm alone is for one runtime.
            ([ "publish"; project; "-c"; configuration; "--nologo"; "--self-contained"; "false"
               "-p:PublishReadyToRun=true"; "-o"; folder ] @ arguments))

// ---- test ----

type Outcome =
    | Passed
    | Failed
    | Skipped of reason: string

/// Name and outcome of every test in a .trx file.
let readResults (path: string) =
    let ns = XNamespace.Get "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"
    let text (node: XElement) =
        [ "Message"; "StdOut" ] |> List.collect (fun name -> [ for e in node.Descendants(ns + name) -> e.Value.Trim() ])
    [ for node in XDocument.Load(path).Descendants(ns + "UnitTestResult") ->
        let outcome =
            match node.Attribute(XName.Get "outcome").Value with
            | "Passed" -> Passed
            | "NotExecuted" -> Skipped(text node |> List.tryHead |> Option.defaultValue "no reason given")
            | _ -> Failed
        node.Attribute(XName.Get "testName").Value, outcome ]

let runProject results (arguments: string list) project =
    exitCodeOf "dotnet"
        ([ "test"; Path.Combine("tests", project); "-c"; configuration; "--no-build"; "--nologo"; "-nr:false"
           "--logger"; $"trx;LogFileName={project}.trx"; "--results-directory"; results ] @ arguments)

/// The computing tests leave half of two cores idle, so that what is shipped is compiled and other projects are tested
/// beside them. The end-to-end tests run what is shipped, measure time, and are alone.
let runTests (arguments: string list) =
    let results = Path.Combine(root, "out", "tests")
    if Directory.Exists results then Directory.Delete(results, recursive = true)
    let computing, alone = "Patchbay.Compute.Tests", "Patchbay.EndToEnd.Tests"
    let others =
        Directory.GetDirectories(Path.Combine(root, "tests"), "*.Tests")
        |> Array.map Path.GetFileName |> Array.except [ computing; alone ] |> Array.sort |> List.ofArray
    let beside =
        Task.Run(fun () ->
            publish []
            others |> List.map (runProject results arguments))
    let first = runProject results arguments computing
    let codes = first :: beside.GetAwaiter().GetResult() @ [ runProject results arguments alone ]
    let files = if Directory.Exists results then Directory.GetFiles(results, "*.trx") else [||]
    List.max codes, files |> List.ofArray |> List.collect readResults

let test arguments =
    build ()
    let code, results = timed "test" "run every test project" (fun () -> runTests arguments)
    let failed = [ for name, outcome in results do if outcome = Failed then name ]
    let skipped = [ for name, outcome in results do match outcome with Skipped why -> $"{name} ({why})" | _ -> () ]
    let passed = results.Length - failed.Length - skipped.Length
    // A test host that ends early leaves no failed test behind: count it as one, so that the summary is not green.
    let failed =
        if code <> 0 && failed.IsEmpty then [ $"dotnet test, which ended with exit code {code} though no test failed" ]
        elif passed + failed.Length = 0 then [ "no test ran" ]
        else failed
    for reason in failed do
        say $"failed: {reason}"
    for reason in skipped do
        say $"skipped: {reason}"
    say $"{passed} passed, {failed.Length} failed, {skipped.Length} skipped"
    if code <> 0 then code
    elif not failed.IsEmpty then 1
    else 0

// ---- pbm ----

let pbm (target: string) (what: string) (arguments: string list) =
    build ()
    let program = Path.Combine("src", "Patchbay.Cli", "bin", configuration, "net10.0", "pbm.dll")
    timed target what (fun () -> exitCodeOf "dotnet" (program :: arguments))

let help () =
    say
        """dotnet fsi build.fsx TARGET

  build              restore and build the solution
  test [ARGS]        build, publish, and run every test; ARGS go to dotnet test
  demo [ARGS]        build, then `pbm demo ARGS`
  bench [NAME ARGS]  build, then `pbm bench NAME ARGS`; without NAME every benchmark: patch, experiments, train, cluster
  publish [ARGS]     compile pbm ahead of time into out/pbm; ARGS go to dotnet publish
  format [--verify]  rewrite the sources in their style, or only check it
  clean              remove everything that was built
  help               this"""

let main (arguments: string list) =
    match arguments with
    | [] | [ "help" ] | [ "--help" ] | [ "-h" ] -> help (); 0
    | [ "build" ] -> build (); 0
    | "test" :: rest -> test rest
    | "demo" :: rest -> pbm "demo" "compare the circuits of four small models" ("demo" :: rest)
    | [ "bench" ] -> benchmarks |> List.map (fun name -> pbm "bench" "measure" [ "bench"; name ]) |> List.max
    | "bench" :: rest -> pbm "bench" "measure" ("bench" :: rest)
    | "publish" :: rest -> publish rest; 0
    | "format" :: rest -> format rest; 0
    | [ "clean" ] -> clean (); 0
    | _ ->
        let given = String.Join(" ", arguments)
        help ()
        raise (Stop(2, $"there is no target '{given}'"))

Environment.SetEnvironmentVariable("DOTNET_CLI_TELEMETRY_OPTOUT", "1")
Environment.SetEnvironmentVariable("DOTNET_NOLOGO", "1")

try
    exit (main (List.ofArray fsi.CommandLineArgs |> List.tail))
with Stop(code, reason) ->
    eprintfn "stopped: %s" reason
    exit code
