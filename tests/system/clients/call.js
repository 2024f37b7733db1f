// Calls one method with @grpc/grpc-js and prints each response as a line of JSON; an error is
// {"error": {"code", "reason"}}. It takes one argument, in JSON:
//
//   target     "host:port"
//   service    full name
//   method     name
//   request    the message
//   responses  how many to wait for
//   metadata   sent with the call
//   protos     {"folders", "files"}: where the method is described; by reflection if absent
//   details    folders with google/rpc/status.proto and google/rpc/error_details.proto
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");
const { GrpcReflection } = require("grpc-js-reflection-client");

// Descriptors of the reflection service have the names of the protos, so both sources use these.
const OPTIONS = { keepCase: true, enums: String, defaults: true, oneofs: true };
const DEADLINE_MS = 60_000;

async function definition({ target, service, protos }) {
  if (protos) return loader.loadSync(protos.files, { ...OPTIONS, includeDirs: protos.folders });
  const reflection = new GrpcReflection(target, grpc.credentials.createInsecure());
  return (await reflection.getDescriptorBySymbol(service)).getPackageDefinition(OPTIONS);
}

function reasonOf(error, folders) {
  const files = ["google/rpc/status.proto", "google/rpc/error_details.proto"];
  const google = loader.loadSync(files, { ...OPTIONS, includeDirs: folders });
  const read = (name, bytes) => google[name].deserialize(bytes);
  for (const bytes of error.metadata.get("grpc-status-details-bin")) {
    for (const detail of read("google.rpc.Status", bytes).details) {
      if (detail.type_url.endsWith("google.rpc.ErrorInfo")) {
        return read("google.rpc.ErrorInfo", detail.value).reason;
      }
    }
  }
  return "";
}

async function main(call) {
  const found = await definition(call);
  const Client = grpc.makeGenericClientConstructor(found[call.service], call.service);
  const client = new Client(call.target, grpc.credentials.createInsecure());
  const metadata = grpc.Metadata.fromHttp2Headers(call.metadata ?? {});
  const options = { deadline: Date.now() + DEADLINE_MS };
  let left = call.responses;

  function received(response) {
    if (left === 0) return;
    console.log(JSON.stringify(response));
    left -= 1;
    if (left === 0) client.close();
  }

  function failed(error) {
    if (left === 0) return;
    const reason = reasonOf(error, call.details);
    console.log(JSON.stringify({ error: { code: grpc.status[error.code], reason } }));
    client.close();
  }

  if (!found[call.service][call.method].responseStream) {
    client[call.method](call.request, metadata, options, (error, response) =>
      error ? failed(error) : received(response),
    );
    return;
  }
  const stream = client[call.method](call.request, metadata, options);
  stream.on("error", failed);
  stream.on("data", (response) => {
    received(response);
    if (left === 0) stream.cancel();
  });
}

main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(error);
  process.exit(1);
});
