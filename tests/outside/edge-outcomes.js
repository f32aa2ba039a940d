// What `handler` makes of the vectors, one line of JSON for each. Written for njs as for Node: no modules, old syntax.
function outcomes(handler, vectors) {
  return vectors.map(function (vector) {
    var r = handler({ version: '1.0', request: request(vector) });
    if (r.statusCode) return JSON.stringify({ status: r.statusCode, headers: r.headers, body: r.body });
    return JSON.stringify({ uri: r.uri, querystring: r.querystring });
  });
}

// The request as CloudFront hands it over: the path and the values as they were sent, a repeated name once.
function request(vector) {
  var at = vector.url.indexOf('?');
  var query = {};
  var pairs = at < 0 ? [] : vector.url.slice(at + 1).split('&');
  pairs.forEach(function (pair) {
    if (!pair) return;
    var middle = pair.indexOf('=');
    var name = middle < 0 ? pair : pair.slice(0, middle);
    var value = middle < 0 ? '' : pair.slice(middle + 1);
    if (Object.prototype.hasOwnProperty.call(query, name)) {
      query[name].multiValue = (query[name].multiValue || [{ value: query[name].value }]).concat([{ value: value }]);
    } else {
      // `__proto__` is a name like others.
      Object.defineProperty(query, name, { value: { value: value }, enumerable: true, configurable: true, writable: true });
    }
  });
  var path = at < 0 ? vector.url : vector.url.slice(0, at);
  return { method: vector.method, uri: path, querystring: query, headers: {}, cookies: {} };
}
