# The emulator: docker build -t tokbox-emulator . && docker run -p 10865:10865 tokbox-emulator
FROM python:3.13-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /sources
COPY pyproject.toml setup.py README.md LICENSE ./
COPY src src
RUN pip wheel --no-cache-dir --wheel-dir /wheels '.[cli,emulator]'

FROM python:3.13-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels 'tokbox[cli,emulator]'
USER nobody
EXPOSE 10865
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:10865/_emulator/')"]
ENTRYPOINT ["tokbox", "emulator", "--host", "0.0.0.0"]
