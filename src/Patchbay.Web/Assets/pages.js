// What pages do beyond being read: they follow the node's events and replace what has changed, and tell of a head
// that is pointed at. Without this script the same pages are loaded again every ten seconds.
(() => {
  'use strict';
  const page = document.body;
  const shown = new Map(); // the parts of the page as the node last wrote them
  let version = page.dataset.version, source = null, busy = false, retry = 0;

  const parts = from => [...from.querySelectorAll('[data-part]')];
  const say = (text, state) => {
    const at = document.getElementById('live');
    if (!at) return;
    at.hidden = false;
    at.dataset.state = state;
    at.textContent = text;
  };

  // Where the focus is: its place in what is nearest around it and has a name.
  const stops = within => [...within.querySelectorAll('a,button,summary,[tabindex]')];
  function focusIn(part) {
    const at = document.activeElement, around = part.contains(at) && at.parentNode.closest('[id]');
    return around && { id: around.id, place: stops(around).indexOf(at) };
  }
  function refocus({ id, place }) {
    const at = stops(document.getElementById(id) ?? document.body)[place];
    if (at?.closest('.w-maps svg')) stopAt(at);
    at?.focus({ preventScroll: true });
  }

  // A part is replaced as a whole; what was unfolded, scrolled to or focused stays so.
  function replace(old, fresh) {
    const open = [...old.querySelectorAll('details[open]>summary')].map(s => s.textContent);
    const scrolled = [...old.querySelectorAll('.r-scroll,.r-picture')].map(e => e.scrollLeft);
    const focused = focusIn(old);
    old.replaceWith(fresh);
    for (const s of fresh.querySelectorAll('details>summary'))
      if (open.includes(s.textContent)) s.parentNode.open = true;
    fresh.querySelectorAll('.r-scroll,.r-picture').forEach((e, i) => { e.scrollLeft = scrolled[i] || 0; });
    ready(fresh);
    if (focused) refocus(focused);
  }

  async function load() {
    const began = performance.now();
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, redirect: 'manual' });
    if (answer.type === 'opaqueredirect' || answer.status === 404) {
      location.reload(); // the node leads elsewhere, or says what became of the page
      return 5000;
    }
    if (!answer.ok) throw new Error(answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const [own, other] = [parts(document), parts(next)];
    if (own.map(p => p.id).join() !== other.map(p => p.id).join()) {
      const [from, to] = ['.r-whole', '.r-whole'].map((s, i) => (i ? next : document).querySelector(s));
      shown.clear();
      other.forEach(p => shown.set(p.id, p.outerHTML));
      replace(from, document.adoptNode(to));
    } else {
      other.forEach((fresh, i) => {
        const html = fresh.outerHTML;
        if (shown.get(fresh.id) === html) return;
        shown.set(fresh.id, html);
        replace(own[i], document.adoptNode(fresh));
      });
    }
    document.title = next.title;
    version = next.body.dataset.version;
    // Making a page takes at most a 120th of the time that it is open; nobody waits for more than five seconds.
    return Math.min(5000, Math.max(1000, 120 * (performance.now() - began)));
  }

  async function change(latest) {
    if (busy || latest === version) return;
    busy = true;
    let pause = 1000;
    try {
      pause = await load();
    } catch {
      pause = 2000; // the node is away, and is asked again when it says something
    }
    setTimeout(() => { busy = false; if (wanted !== version) change(wanted); }, pause);
  }

  let wanted = version;
  function follow() {
    if (source || document.hidden) return;
    source = new EventSource('/live?page=' + encodeURIComponent(page.dataset.live));
    source.onopen = () => { retry = 0; say('live', 'live'); };
    source.onmessage = e => { wanted = e.data; change(wanted); };
    source.onerror = () => {
      say('the node does not answer; the page goes on when it does', 'lost');
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      source = null;
      setTimeout(follow, Math.min(30000, 1000 * 2 ** retry++));
    };
  }

  // A page that nobody sees asks for nothing, and leaves its connection to others.
  document.addEventListener('visibilitychange', () => {
    if (!page.dataset.live) return;
    if (document.hidden) { source?.close(); source = null; } else follow();
  });

  // Heat maps: one stop of the tabulator for each, arrow keys within.
  const cells = map => [...map.querySelectorAll('a')];
  function stopAt(cell) {
    cells(cell.closest('svg')).forEach(c => c.setAttribute('tabindex', c === cell ? '0' : '-1'));
  }
  function tell(cell) {
    const at = document.getElementById('head');
    const text = cell.querySelector('title')?.textContent;
    const where = cell.closest('svg').querySelector('title').textContent;
    if (!at || !text) return;
    at.replaceChildren(Object.assign(document.createElement('b'), { textContent: where + ', ' }), text);
  }
  function ready(root) {
    root.querySelectorAll('.w-maps svg').forEach(map => cells(map)[0]?.setAttribute('tabindex', '0'));
  }
  const cellAt = target => target.closest?.('.w-maps svg a');
  document.addEventListener('pointerover', e => { const c = cellAt(e.target); if (c) tell(c); });
  document.addEventListener('focusin', e => { const c = cellAt(e.target); if (c) tell(c); });
  document.addEventListener('keydown', e => {
    const cell = cellAt(e.target);
    if (!cell) return;
    const all = cells(cell.closest('svg')), i = all.indexOf(cell);
    const y = a => a.querySelector('rect').getAttribute('y');
    const across = all.filter(a => y(a) === y(cell)).length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[e.key];
    const to = step && all[i + step];
    if (!to) return;
    e.preventDefault();
    stopAt(to);
    to.focus();
  });

  ready(document);
  if (page.dataset.live) {
    parts(document).forEach(p => shown.set(p.id, p.outerHTML));
    follow();
  }
})();
