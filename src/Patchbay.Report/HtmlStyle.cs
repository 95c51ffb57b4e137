namespace Patchbay.Report;

/// <summary>Style sheet of a report's page. Its classes begin with "r-", so that those of the pictures, which lie in
/// the same page, do not meet them.</summary>
internal static class HtmlStyle
{
    public const string Sheet = """
        :root{color-scheme:light dark;--page:#ffffff;--ink:#1f2328;--quiet:#5d6670;--rule:#d5dae0;--soft:#f4f6f8;
        --link:#0058a3;
        --g0:#0068b0;--g1:#c24a00;--g2:#00785a;--g3:#a8468c;--g4:#866500;--g5:#30363d}
        @media (prefers-color-scheme:dark){:root{--page:#0d1117;--ink:#e6edf3;--quiet:#97a1ac;--rule:#2c333c;
        --soft:#161b22;--link:#6cb6ff;
        --g0:#58a9f0;--g1:#ff8b48;--g2:#2fc79b;--g3:#ee90cf;--g4:#e4c030;--g5:#c9d1d9}}
        *{box-sizing:border-box}
        html{scroll-padding-top:16px;-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 Charter,"Bitstream Charter","Sitka Text",
        Cambria,"DejaVu Serif",serif}
        a{color:var(--link);text-decoration:none}a:hover,a:focus-visible{text-decoration:underline}
        .r-whole{max-width:1360px;margin:0 auto;padding:36px 28px 80px;display:grid;grid-template-columns:minmax(0,1fr)}
        header{margin-bottom:26px}
        h1{font-size:30px;line-height:1.2;margin:0 0 6px;font-weight:600;letter-spacing:-.01em;overflow-wrap:anywhere}
        .r-subtitle{color:var(--quiet);margin:0 0 12px;max-width:78ch;overflow-wrap:anywhere}
        .r-summary{margin:0;max-width:78ch}
        nav,.r-table,.r-facts,figcaption,.r-source,.r-note,summary{font-family:system-ui,-apple-system,"Segoe UI",
        "DejaVu Sans",sans-serif}
        nav{font-size:13px;line-height:1.35;margin-bottom:30px;padding:12px 0;border-top:1px solid var(--rule);
        border-bottom:1px solid var(--rule)}
        nav ol{margin:0;padding:0;list-style:none;columns:200px auto;column-gap:24px}
        nav li{margin:0 0 5px;break-inside:avoid;display:flex;gap:8px}
        nav li span{color:var(--quiet);min-width:18px;text-align:right;font-variant-numeric:tabular-nums}
        nav a{color:inherit}
        section{margin:0 0 52px;min-width:0}
        h2{font-size:22px;line-height:1.25;margin:0 0 8px;padding-top:14px;border-top:2px solid var(--ink);
        font-weight:600}
        h2 span{color:var(--quiet);font-weight:400;margin-right:10px}
        .r-definition{margin:0 0 4px;max-width:78ch}
        .r-source{margin:0 0 18px;color:var(--quiet);font-size:12.5px}
        p{max-width:78ch}
        figure{margin:20px 0 26px;min-width:0}
        figcaption{font-size:13px;line-height:1.45;color:var(--quiet);max-width:96ch;margin-top:10px}
        .r-pictures{display:grid;gap:22px 30px;grid-template-columns:minmax(0,var(--w));justify-content:start}
        .r-picture{overflow-x:auto;min-width:0}
        .r-picture svg{display:block;height:auto}
        .r-facts{margin:0 0 22px;font-size:13px;line-height:1.4;columns:2 340px;column-gap:44px;max-width:1000px}
        .r-facts div{display:flex;gap:14px;padding:4px 0;border-bottom:1px solid var(--rule);break-inside:avoid}
        .r-facts dt{flex:0 0 76px;color:var(--quiet)}.r-facts dd{margin:0;overflow-wrap:anywhere}
        .r-table{margin:18px 0 24px;font-size:13px;line-height:1.4}
        .r-scroll{overflow-x:auto}
        .r-caption{margin:0 0 6px;color:var(--quiet);max-width:96ch}
        table{border-collapse:collapse;font-variant-numeric:tabular-nums lining-nums;border-top:1.4px solid var(--ink);
        border-bottom:1.4px solid var(--ink)}
        th{font-weight:600;text-align:left;vertical-align:bottom;border-bottom:1px solid var(--ink)}
        th,td{padding:4px 14px 4px 0}
        th:last-child,td:last-child{padding-right:4px}
        td{vertical-align:top;border-bottom:1px solid var(--rule);max-width:64ch;white-space:nowrap}
        tr:last-child td{border-bottom:0}
        tr:hover td{background:var(--soft)}
        .r-again td:first-child{color:var(--quiet)}
        .r-number{text-align:right}
        .r-long{white-space:normal;overflow-wrap:anywhere;min-width:28ch}
        .r-code{max-width:72ch;font:10.5px/1.6 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
        td small{color:var(--quiet);font-size:11px;margin-left:3px;white-space:nowrap}
        .r-swatch{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px}
        .r-note{font-size:13px;line-height:1.45;margin:10px 0;padding:2px 0 2px 12px;border-left:3px solid var(--rule);
        color:var(--quiet);max-width:96ch}
        .r-found{margin:14px 0;padding-left:20px;max-width:92ch}.r-found li{margin:0 0 7px}
        summary{cursor:pointer;color:var(--link);margin-bottom:8px}
        @media (min-width:640px){.r-4,.r-3{grid-template-columns:repeat(2,minmax(0,var(--w)))}}
        @media (min-width:860px){.r-2{grid-template-columns:repeat(2,minmax(0,var(--w)))}}
        @media (min-width:1060px){.r-4{grid-template-columns:repeat(4,minmax(0,var(--w)))}
        .r-3{grid-template-columns:repeat(3,minmax(0,var(--w)))}}
        @media screen and (min-width:1240px){.r-whole{grid-template-columns:190px minmax(0,1fr);column-gap:44px}
        header{grid-column:2}
        nav{position:sticky;top:20px;align-self:start;border:0;padding:16px 0 0;grid-row:2}nav ol{columns:auto}
        main{grid-column:2;grid-row:2}
        .r-4,.r-3{gap:22px 18px}}
        @media (max-width:560px){body{font-size:15px}.r-whole{padding:22px 16px 60px}h1{font-size:24px}
        h2{font-size:19px}}
        @media print{@page{margin:14mm 13mm}body{font-size:10.5pt}.r-whole{padding:0;max-width:none}
        nav{break-after:avoid}h2,.r-caption,.r-definition{break-after:avoid}
        figure,tr,.r-note{break-inside:avoid}section{margin-bottom:26px}.r-table{font-size:8.5pt}
        td small,.r-long{font-size:7.5pt}th,td{padding-right:9px}a{color:inherit}
        details::details-content{content-visibility:visible;block-size:auto}.r-scroll,.r-picture{overflow:visible}
        .r-picture svg{min-width:0!important}td{white-space:normal}td:first-child{white-space:nowrap}}
        """;
}
