/*
 * The words of the now page by the reader's own clock.  Without it the page is complete; it
 * only adds "3 hours ago", "late since" and "this server is up".  What it may add stands in
 * data-t of elements that are empty, so that nothing but a running script can say it; {1} is
 * the promised time, copied from the line that promises it.
 *
 * It leaves everything as it stands where the browser is too old to say what the server's clock
 * was (it does not know PerformanceNavigationTiming, or relative times), where that clock
 * (Server-Timing: now;desc="1700000000.123") and the reader's differ by more than ten minutes,
 * and where the reader's stands before the newest time on the page.  With a server's clock at
 * hand the last may be ten minutes off, too.
 */
try {
  (function () {
    var d = document, m = d.querySelector('main'), s = m.dataset, sent = 0, good;
    function tell() {
      var n = Date.now() / 1e3, ago = Math.max(60, n - s.at),
        unit = ago < 3600 ? [60, 'minute'] : ago < 172800 ? [3600, 'hour'] : [86400, 'day'],
        on = good && n + (sent && 600) >= s.made,
        late = on && n >= +s.by + 1, up = on && n - sent < 600,
        state = (late ? 'late' : '') + (up ? ' up' : '');
      if (m.className != state) {
        m.className = state;
        m.querySelectorAll('[data-t]').forEach(function (e) {
          var t = ((e.className == 'alive' ? up : late) ? e.dataset.t : '').split('{1}');
          e.textContent = t[0];
          if (t[1]) e.append(m.querySelector('.by').cloneNode(true), t[1]);
        });
      }
      m.querySelector('.ago').textContent = on && s.at ?
        new Intl.RelativeTimeFormat(d.documentElement.lang)
          .format(-Math.floor(ago / unit[0]), unit[1]) : '';
    }
    ((performance.getEntriesByType('navigation')[0] || PerformanceNavigationTiming).serverTiming
      || []).forEach(function (e) {
      if (e.name == 'now') sent = +e.description;
    });
    good = !sent || Math.abs(Date.now() / 1e3 - sent) <= 600;
    tell();
    setInterval(tell, 6e4);
    onpageshow = d.onvisibilitychange = tell;
  })();
} catch (e) {}
