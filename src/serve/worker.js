// One stream of events for all pages: a browser opens six connections to a host, and a stream holds one.
var ports = [];
var last = null;
var events = new EventSource('/__precast/events');

function pass(event) {
  last = { name: event.type, data: event.data };
  ports.forEach(function (port) { port.postMessage(last); });
}

events.addEventListener('release', pass);
events.addEventListener('faults', pass);
onconnect = function (event) {
  var port = event.ports[0];
  ports.push(port);
  if (last) port.postMessage(last);
};
