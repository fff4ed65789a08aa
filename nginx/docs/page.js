// Shows the OpenAPI documents of both services as one. Each service describes only itself, so they are joined here.
"use strict";

const SERVICES = ["users", "records"];

async function fetchDocument(service) {
  const answer = await fetch(`/docs/${service}.json`, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    throw new Error(`${service}-service answers ${answer.status}`);
  }
  return { service, document: await answer.json() };
}

// What two services call by the same name need not be the same thing, so every component gets its service's name.
function nameComponents(part, service) {
  if (Array.isArray(part)) {
    return part.map((item) => nameComponents(item, service));
  }
  if (part === null || typeof part !== "object") {
    return part;
  }
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) =>
      key === "$ref" && typeof value === "string"
        ? [key, value.replace(/^(#\/components\/schemas\/)(.*)$/, `$1${service}.$2`)]
        : [key, nameComponents(value, service)],
    ),
  );
}

// Each service's operations stand below a heading of their own.
function groupOperations(paths, service) {
  for (const operations of Object.values(paths)) {
    for (const operation of Object.values(operations)) {
      operation.tags = [service];
    }
  }
  return paths;
}

function join(fetched) {
  const joined = {
    openapi: fetched[0].document.openapi,
    info: { title: "Recordings", version: fetched[0].document.info.version, description: "A WAV goes in, a link to an MP3 comes out." },
    servers: [{ url: "/" }],
    tags: [],
    paths: {},
    components: { schemas: {}, securitySchemes: {} },
  };
  for (const { service, document } of fetched) {
    const { info, paths, components = {} } = nameComponents(document, service);
    joined.tags.push({ name: service, description: info.description });
    Object.assign(joined.paths, groupOperations(paths, service));
    for (const [name, schema] of Object.entries(components.schemas ?? {})) {
      joined.components.schemas[`${service}.${name}`] = schema;
    }
    // The access token is the same for both: entered once, it is sent to either.
    Object.assign(joined.components.securitySchemes, components.securitySchemes);
  }
  return joined;
}

function showMissing(reasons) {
  for (const reason of reasons) {
    const notice = document.createElement("p");
    notice.className = "notice";
    notice.textContent = `A part of the API cannot be shown: ${reason.message}`;
    document.body.prepend(notice);
  }
}

async function show() {
  const results = await Promise.allSettled(SERVICES.map(fetchDocument));
  showMissing(results.filter((result) => result.status === "rejected").map((result) => result.reason));
  const fetched = results.filter((result) => result.status === "fulfilled").map((result) => result.value);
  if (fetched.length > 0) {
    SwaggerUIBundle({
      spec: join(fetched),
      dom_id: "#api",
      deepLinking: true,
      tryItOutEnabled: true,
      displayRequestDuration: true,
      validatorUrl: null,
    });
  }
}

show();
