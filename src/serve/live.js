// Reloads the page when its site changes, and shows what is wrong with it.
(function () {
  'use strict';
  var own = document.currentScript;
  var release = own ? own.getAttribute('data-release') : '';
  var host = null;

  function element(name, text, parent) {
    var made = document.createElement(name);
    made.textContent = text;
    parent.appendChild(made);
    return made;
  }

  function clear() {
    if (host) host.remove();
    host = null;
  }

  function show(diagnostics) {
    clear();
    host = document.createElement('precast-overlay');
    var root = host.attachShadow({ mode: 'open' });
    // Written into the page, the security policy would not let it stand.
    var sheet = new CSSStyleSheet();
    sheet.replaceSync(':host{position:fixed;inset:0;z-index:2147483647;overflow:auto;background:#1a1114f2;color:#fff;' +
      'font:16px/1.5 system-ui,sans-serif}main{max-width:60rem;margin:2rem auto;padding:0 1rem}' +
      'h1{font-size:1.25rem}ol{padding:0;list-style:none}li{margin:0 0 1.25rem;padding-left:.75rem;border-left:3px solid #ff5d73}' +
      'code{font:14px ui-monospace,monospace;color:#ffb3bf}p{margin:.25rem 0;white-space:pre-wrap}.help{color:#bfe3ff}');
    root.adoptedStyleSheets = [sheet];
    var main = element('main', '', root);
    main.setAttribute('role', 'alert');
    var count = diagnostics.length;
    element('h1', count === 1 ? 'One fault keeps the site from being built' :
      count + ' faults keep the site from being built', main);
    var list = element('ol', '', main);
    diagnostics.forEach(function (fault) {
      var item = element('li', '', list);
      element('code', fault.path + ':' + fault.line + ':' + fault.column + ' ' + fault.code, item);
      element('p', fault.message, item);
      if (fault.help) element('p', 'help: ' + fault.help, item).className = 'help';
    });
    element('p', 'What is behind this is the last release without a fault.', main);
    document.documentElement.appendChild(host);
  }

  function hear(name, data) {
    var told = JSON.parse(data);
    if (name === 'faults') {
      show(told.diagnostics);
    } else {
      clear();
      if (told.release !== release) location.reload();
    }
  }

  if (window.SharedWorker) {
    var worker = new SharedWorker('/__precast/worker.js');
    worker.port.onmessage = function (message) { hear(message.data.name, message.data.data); };
    return;
  }
  var events = new EventSource('/__precast/events');
  ['release', 'faults'].forEach(function (name) {
    events.addEventListener(name, function (event) { hear(name, event.data); });
  });
})();
