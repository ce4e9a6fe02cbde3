// Uses the types of openapi-typescript with openapi-fetch: node openapi-fetch.js URL USER TOKEN PICTURE
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";
import { readPicture, sleep } from "./picture";

type ImageForm = components["schemas"]["ImageForm"];

declare const process: { argv: string[] };
const [url, user, token, picture] = process.argv.slice(2);

async function run(): Promise<void> {
  const client = createClient<paths>({
    baseUrl: url,
    headers: token ? { Authorization: `Bearer ${token}` } : { "X-User-Id": user },
  });
  const file = await readPicture(picture);
  const uploaded = await client.POST("/images/upload", {
    body: { file: "", description: "A.", visibility: "public", tags: ["beach", "sea"] },
    bodySerializer: (body) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(body as ImageForm)) {
        for (const part of [value].flat()) form.append(name, part);
      }
      form.set("file", file, "café.jpg");
      return form;
    },
  });
  const image = uploaded.data!;
  const params = { path: { image_id: image.id } };
  let read = await client.GET("/images/{image_id}", { params });
  while (read.data!.status === "processing") {
    await sleep();
    read = await client.GET("/images/{image_id}", { params });
  }
  const thumbnail = await client.GET("/images/{image_id}/content/{rendition}", {
    params: { path: { image_id: image.id, rendition: "thumbnail" } },
    parseAs: "blob",
  });
  const listed = await client.GET("/images", {
    params: { query: { tags: ["sea"], visibility: "public", limit: 100 } },
  });
  const updated = await client.PATCH("/images/{image_id}", { params, body: { description: "B." } });
  const deleted = await client.DELETE("/images/{image_id}", { params });
  const gone = await client.GET("/images/{image_id}", { params });
  console.log(
    JSON.stringify({
      filename: image.filename,
      description: image.description,
      visibility: image.visibility,
      tags: image.tags,
      status: read.data!.status,
      age: Math.trunc((Date.now() - Date.parse(read.data!.createdAt)) / 86_400_000),
      thumbnail: (await (thumbnail.data as Blob).text()).slice(0, 4),
      isListed: listed.data!.images.some((found) => found.id === image.id),
      updated: updated.data!.description,
      deleted: deleted.response.status,
      gone: gone.error!.code,
    }),
  );
}

void run();
