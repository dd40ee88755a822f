// A TLS server on node's own OpenSSL, for node 0.10 as well as 24: node node_server.js CONFIG.json
var fs = require('fs'), https = require('https'), constants = require('constants');
var config = JSON.parse(fs.readFileSync(process.argv[2]));
var options = { cert: fs.readFileSync(config.chain), key: fs.readFileSync(config.key) };
['ciphers', 'secureProtocol', 'ecdhCurve', 'minVersion', 'maxVersion', 'honorCipherOrder', 'sigalgs'].forEach(function (name) {
  if (config[name] !== undefined) { options[name] = config[name]; }
});
if (config.options) {
  options.secureOptions = config.options.reduce(function (sum, name) { return sum | constants[name]; }, 0);
}
var server = https.createServer(options, function (request, response) { response.end('ok'); });
server.on('clientError', function () {});
server.on('tlsClientError', function () {});
server.listen(config.port, config.address);
process.on('uncaughtException', function (problem) {
  if (problem.syscall === 'listen' || problem.code === 'ERR_SSL_NO_CIPHER_MATCH') { console.error(problem); process.exit(1); }
});
