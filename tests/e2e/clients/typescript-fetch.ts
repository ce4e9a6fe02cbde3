// Uses the TypeScript client of openapi-generator: node typescript-fetch.js URL USER TOKEN PICTURE
import { Configuration, ImagesApi, RenditionName, ResponseError, Visibility } from "./generated";
import { readPicture, sleep } from "./picture";

declare const process: { argv: string[] };
const [url, user, token, picture] = process.argv.slice(2);

async function run(): Promise<void> {
  const api = new ImagesApi(new Configuration({ basePath: url, accessToken: token || undefined }));
  const caller = token ? {} : { xUserId: user };
  const uploaded = await api.uploadImage({
    file: new File([await readPicture(picture)], "café.jpg", { type: "image/jpeg" }),
    description: "A.",
    visibility: Visibility.Public,
    tags: ["beach", "sea"],
    userId: token ? undefined : user,
    ...caller,
  });
  const named = { imageId: uploaded.id, ...caller };
  let read = await api.getImage(named);
  while (read.status === "processing") {
    await sleep();
    read = await api.getImage(named);
  }
  const thumbnail = await api.getRendition({ ...named, rendition: RenditionName.Thumbnail });
  const listed = await api.listImages({ tags: ["sea"], visibility: Visibility.Public, limit: 100, ...caller });
  const updated = await api.updateImage({ ...named, imageUpdate: { description: "B." } });
  const deleted = await api.deleteImageRaw(named);
  const gone: ResponseError = await api.getImage(named).then(
    () => Promise.reject(new Error("the image is still there")),
    (error: ResponseError) => error,
  );
  console.log(
    JSON.stringify({
      filename: uploaded.filename,
      description: uploaded.description,
      visibility: uploaded.visibility,
      tags: uploaded.tags,
      status: read.status,
      age: Math.trunc((Date.now() - read.createdAt.getTime()) / 86_400_000),
      thumbnail: (await thumbnail.text()).slice(0, 4),
      isListed: listed.images.some((found) => found.id === uploaded.id),
      updated: updated.description,
      deleted: deleted.raw.status,
      gone: (await gone.response.json()).code,
    }),
  );
}

void run();
