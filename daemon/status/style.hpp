#pragma once
// The pages' one style sheet. It stands in each page, and the content security policy names its digest.

namespace evercert::daemon::status {

inline constexpr char style_text[] = R"css(
:root{color-scheme:light dark;--paper:#f6f7f8;--sheet:#fff;--ink:#1a1f24;--soft:#545d66;--rule:#dfe3e7;--edge:#868f98;
--link:#0a558c;--bad:#a8200d;--bad-wash:#fdf0ee;--busy:#0a558c;--busy-wash:#edf4fa;--good:#17693a;--good-wash:#edf6f0;
--track:#dfe3e7;--gone:#8b97a3;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
@media(prefers-color-scheme:dark){:root{--paper:#101316;--sheet:#171b1f;--ink:#e4e8eb;--soft:#a0aab4;--rule:#2a3036;
--edge:#78828c;--link:#83bdf0;--bad:#ff9a8c;--bad-wash:#2b1917;--busy:#83bdf0;--busy-wash:#16222d;--good:#76cf98;
--good-wash:#15241b;--track:#2f363d;--gone:#79848f}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","Liberation Sans",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.page{max-width:76rem;margin:0 auto;padding:0 1.25rem 2rem}
h1,h2,h3,p,ol,ul,dl,dd{margin:0;padding:0}
h1{font-size:1.625rem;line-height:1.25;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.0625rem;line-height:1.4;font-weight:650}
h3{font-size:1rem;line-height:1.4;font-weight:600}
ol,ul{list-style:none}
a{color:var(--link);text-underline-offset:.15em;text-decoration-thickness:1px}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1.25rem;top:.5rem;background:var(--sheet);padding:.375rem .75rem;z-index:1}
.away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.soft{color:var(--soft)}
.small{font-size:.8125rem}
code,.code{font-family:var(--mono);font-size:.8125rem}
.top{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;align-items:baseline;padding:.875rem 0;border-bottom:1px solid var(--rule);
margin-bottom:1.75rem}
.brand{font-weight:700;letter-spacing:-.01em;color:inherit;text-decoration:none}
.brand:hover{text-decoration:underline}
.top nav{margin-left:auto;display:flex;gap:1.25rem}
section,.lead{margin-bottom:2.25rem}
.lead p{margin-top:.375rem}
.tally{display:grid;grid-template-columns:1fr 1.6fr 1fr 1fr;gap:.625rem;margin-top:1rem}
.tally a{display:block;height:100%;padding:.625rem .875rem .75rem;background:var(--sheet);color:inherit;
border:1px solid var(--rule);border-radius:8px;text-decoration:none}
.tally a:hover{border-color:var(--edge)}
.tally a[aria-current]{border-color:var(--ink);box-shadow:inset 0 0 0 1px var(--ink)}
.tally b{display:block;font-size:1.5rem;line-height:1.2;font-weight:650}
.tally span{display:block}
.tally .bad b{color:var(--bad)}
.mark{display:inline-flex;align-items:center;gap:.375rem;font-size:.8125rem;font-weight:600;line-height:1.5;white-space:nowrap;
padding:0 .5rem 0 .375rem;border-radius:4px}
.mark svg{width:.75rem;height:.75rem;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.bad>.mark,.mark.bad{color:var(--bad);background:var(--bad-wash)}
.mark.busy{color:var(--busy);background:var(--busy-wash)}
.mark.good{color:var(--good);background:var(--good-wash)}
.head{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;margin-bottom:.75rem}
.head .soft{font-size:.8125rem}
.sheet{background:var(--sheet);border:1px solid var(--rule);border-radius:8px}
.troubles{border-left:4px solid var(--bad)}
.troubles>li{padding:.875rem 1rem 1rem}
.troubles>li+li{border-top:1px solid var(--rule)}
.troubles .name{display:flex;flex-wrap:wrap;gap:.125rem .75rem;align-items:center}
.troubles p{margin-top:.25rem}
.troubles .next{color:var(--soft);font-size:.8125rem}
.why{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:0 2.5rem;margin-top:.125rem}
.why .small{grid-column:1/-1;color:var(--soft)}
.why b{display:block;font-size:.8125rem;font-weight:600}
.small-only{display:none}
.tools{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:center;margin-bottom:.75rem}
.tools form{display:flex;gap:.5rem;flex:1 1 18rem;max-width:30rem}
.tools input{flex:1;min-width:0}
input,button{font:inherit;color:inherit;background:var(--sheet);border:1px solid var(--edge);border-radius:6px;padding:.3125rem .625rem}
button{font-weight:600;cursor:pointer}
button:hover{border-color:var(--ink)}
.sorts{display:flex;flex-wrap:wrap;gap:.25rem .875rem;font-size:.8125rem}
.sorts a,.sorts span{padding:.25rem 0}
[aria-current=true]{color:var(--ink);font-weight:650;text-decoration-thickness:2px}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;font-size:.8125rem;color:var(--soft);margin-bottom:.625rem}
.key span{display:inline-flex;align-items:center;gap:.375rem}
.key svg{width:1.5rem;height:1rem}
.grid{display:block}
.grid .body,.grid .headings{display:block}
.grid .row{display:grid;grid-template-columns:minmax(0,19rem) 7.5rem minmax(0,1fr) 7.5rem minmax(0,10.5rem);gap:0 1.25rem;
padding:.4375rem 1rem;align-items:center}
.grid .body .row{border-top:1px solid var(--rule)}
.grid .headings .row{padding-top:.5rem;padding-bottom:.375rem;color:var(--soft);font-size:.8125rem;font-weight:600}
.grid .row>*{min-width:0;text-align:left;font-weight:inherit}
.grid .body th{font-weight:400}
.grid b{font-weight:600}
.grid a{font-weight:600;text-decoration-color:transparent}
.grid a:hover,.grid a:focus-visible{text-decoration-color:currentColor}
.grid .under{display:block;color:var(--soft);font-size:.8125rem;line-height:1.35}
.line{display:block;width:100%;height:1.25rem;overflow:visible}
.track{fill:var(--track)}
.gone{fill:var(--gone)}
.gone.bad{fill:var(--bad)}
.line line,.key line{vector-effect:non-scaling-stroke}
.renew{stroke:var(--good);stroke-width:2;stroke-dasharray:2 2}
.now{stroke:var(--ink);stroke-width:2}
.pages{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:center;margin-top:.875rem}
.empty{padding:2.25rem 1rem;text-align:center;color:var(--soft)}
.empty b{display:block;color:var(--ink);font-weight:650}
.log li{display:grid;grid-template-columns:8.5rem minmax(0,1fr);gap:0 1rem;padding:.375rem 1rem}
.log li+li{border-top:1px solid var(--rule)}
.log time{color:var(--soft);font-size:.8125rem;line-height:1.6}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:0 2.5rem;padding:.25rem 1rem .5rem}
.facts>div{display:grid;grid-template-columns:8.5rem minmax(0,1fr);gap:0 1rem;padding:.4375rem 0;border-bottom:1px solid var(--rule);
align-content:baseline}
.facts dt{color:var(--soft)}
.life{padding:1rem 1rem .875rem}
.life dl{display:flex;flex-wrap:wrap;gap:.5rem 2.5rem;margin-top:.75rem}
.life dt{font-size:.8125rem;color:var(--soft)}
.life .line{height:1.75rem}
.names{columns:14rem;column-gap:2rem;padding:.75rem 1rem}
.crumbs{margin-bottom:.5rem;font-size:.8125rem}
.title{display:flex;flex-wrap:wrap;gap:.25rem .875rem;align-items:center}
footer{border-top:1px solid var(--rule);padding-top:.875rem;color:var(--soft);font-size:.8125rem}
footer p+p{margin-top:.125rem}
@media(max-width:60rem){.why{grid-template-columns:minmax(0,1fr)}.grid .row{grid-template-columns:minmax(0,15rem) 7.5rem minmax(0,1fr) 7.5rem}
.grid .row>:nth-child(5){display:none}}
@media(max-width:44rem){.page{padding:0 1rem 1.5rem}.top{margin-bottom:1.25rem}.top nav{margin-left:0;width:100%}
section,.lead{margin-bottom:1.75rem}
.tally{grid-template-columns:1fr 1fr}
.small-only{display:inline}
.grid .headings{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.grid .body .row:first-child{border-top:0}
.grid .row{grid-template-columns:minmax(0,1fr) auto;gap:.125rem 1rem;padding:.625rem .875rem}
.grid .row>:nth-child(3),.grid .row>:nth-child(5){grid-column:1/-1}
.grid .row>:nth-child(4){grid-row:3;grid-column:1/-1;display:flex;flex-wrap:wrap;gap:0 .5rem;align-items:baseline}
.grid .row>:nth-child(5){display:block;grid-row:4}
.grid .row>:nth-child(3){grid-row:2}
.log li,.facts>div{grid-template-columns:minmax(0,1fr);padding-left:.875rem;padding-right:.875rem}
.facts{padding:.25rem 0}
.troubles>li{padding:.75rem .875rem}}
@media(prefers-reduced-motion:no-preference){a,.tally a,button{transition:border-color .12s,text-decoration-color .12s}}
@media(forced-colors:active){.gone,.gone.bad{fill:CanvasText}.track{fill:GrayText}.now,.renew{stroke:Highlight}}
@media print{.tools,.top nav,.skip{display:none}body{background:#fff}}
)css";

} // namespace evercert::daemon::status
