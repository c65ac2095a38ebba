# Both stages share one Debian: the binary of better-sqlite3 is compiled for its C library.
FROM node:22-bookworm AS build
WORKDIR /app
COPY . .
RUN npm ci
RUN npm run build
# Without scripts: they would compile the framework once more, after its types are gone.
RUN npm prune --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
WORKDIR /app
COPY --from=build /app .
RUN mkdir /data && chown node:node /data
ENV APP_ENV=production HOST=0.0.0.0 PORT=3000 STORAGE_PATH=/data
USER node
VOLUME /data
EXPOSE 3000
# The same image migrates ("node dist/artisan.js migrate") and works ("node dist/artisan.js queue:work").
CMD ["node", "dist/artisan.js", "serve"]
